"""Sound without speech: seeded, within full scale, of many kinds."""

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.corpus import quiet


@pytest.mark.parametrize("kind", quiet.KINDS)
def test_a_seed_is_a_sound(kind):
    one, again, other = (quiet.quiet(kind, 1.5, seed=seed) for seed in (1, 1, 2))
    assert one.dtype == np.float32
    assert one.shape == (round(1.5 * quiet.RATE),)
    assert np.abs(one).max() <= 1.0
    np.testing.assert_array_equal(one, again)
    if kind != "silence":
        assert not np.array_equal(one, other)


def test_music_is_loud_and_soft():
    levels = [20 * np.log10(np.abs(quiet.quiet("music", 1.0, seed=seed)).max()) for seed in range(40)]
    assert min(levels) < -45
    assert max(levels) > -12


def test_a_note_has_its_pitch_and_its_overtones():
    rng = np.random.default_rng(0)
    for _ in range(10):
        note = quiet.Instrument.draw(rng).note(220.0, 1.0, rng)
        assert np.isfinite(note).all()
        spectrum = np.abs(np.fft.rfft(note * np.hanning(len(note))))
        peak = np.argmax(spectrum) * quiet.RATE / len(note)
        overtone = round(peak / 220.0)
        assert overtone >= 1
        assert peak / overtone == pytest.approx(220.0, rel=0.1)


def test_an_unknown_kind_is_named():
    with pytest.raises(InputError, match="no quiet sound 'brass'"):
        quiet.quiet("brass", 1.0, seed=0)
