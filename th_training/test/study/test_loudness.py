"""Loudness is that of the standard, whatever rate and channels; all sounds come to one level without clipping."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from th_common.errors import InputError
from th_training.study.loudness import PEAK, Loudness, loudness, one_level


def tone(path: Path, *, rate: int = 48_000, level: float = -20.0, channels: int = 2, seconds: float = 2.0) -> Path:
    """A sine of 997 Hz with peaks at `level` dB."""
    wave = 10 ** (level / 20) * np.sin(2 * np.pi * 997 * np.arange(int(seconds * rate)) / rate)
    soundfile.write(path, np.stack([wave] * channels, 1), rate, subtype="FLOAT")
    return path


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 2), (16_000, 1), (44_100, 1)])
def test_a_sine_in_both_loudspeakers_has_the_loudness_of_its_peak(tmp_path: Path, rate: int, channels: int) -> None:
    """BS.1770-4 by its own test: 997 Hz at 0 dB in one channel is -3.01 LUFS, so 0 LUFS in two."""
    found = loudness(tone(tmp_path / "tone.wav", rate=rate, channels=channels))
    assert found.level == pytest.approx(-20.0, abs=0.1)
    assert found.peak == pytest.approx(-20.0, abs=0.1)


def test_pauses_do_not_count(tmp_path: Path) -> None:
    samples, rate = soundfile.read(tone(tmp_path / "tone.wav"))
    soundfile.write(tmp_path / "paused.wav", np.concatenate((samples, np.zeros((3 * rate, 2)))), rate)
    assert loudness(tmp_path / "paused.wav").level == pytest.approx(-20.0, abs=0.5)


def test_what_has_no_loudness_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too short"):
        loudness(tone(tmp_path / "short.wav", seconds=0.3))
    with pytest.raises(InputError, match="silent"):
        loudness(tone(tmp_path / "silent.wav", level=-90))


def test_one_level_for_all_and_no_peak_beyond_full_scale() -> None:
    level, gains = one_level({"loud": Loudness(-10.0, -3.0), "soft": Loudness(-30.0, -15.0)})
    assert level == -20.0
    assert gains == pytest.approx({"loud": 10**-0.5, "soft": 10**0.5})
    level, gains = one_level({"peaky": Loudness(-25.0, -2.0), "soft": Loudness(-30.0, -15.0)})
    assert level == -25.0 + PEAK + 2.0
    assert 20 * np.log10(gains["peaky"]) == pytest.approx(1.0)
