"""`th features`: a picture with what the analysis holds, a table, one sentence for what is wrong."""

import sys

import cv2
import numpy as np
import pytest
import soundfile

from th_training import cli
from th_training.features.analyse import analyse
from th_training.features.commands import NAMES
from th_training.features.plot import draw

pytest.importorskip("matplotlib", reason="matplotlib is not installed")


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main(["features", *map(str, arguments)])
    said = capsys.readouterr()
    return stop.value.code, said.out, said.err


def test_a_picture_and_the_features(voice, wav, tmp_path, capsys):
    speech, picture, out = wav(voice[1]), tmp_path / "out.png", tmp_path / "out.npz"
    status, said, err = run(capsys, speech, "--plot", picture, "--out", out, "--profile", "live")
    assert (status, err) == (0, "")
    for words in ("16,000 Hz, 1 channel, 2.00 s", "live", "119", "dBFS", "nothing unusual"):
        assert words in said
    pixels = cv2.imread(str(picture))
    assert pixels.shape == (1200, 1600, 3)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 200  # there is something on it
    with np.load(out) as arrays:
        assert arrays["features"].shape == (119, 40)
        assert arrays["times"][0] == pytest.approx(1 / 60)
        assert tuple(arrays["names"]) == NAMES
        assert (str(arrays["profile"]), int(arrays["sample_rate"])) == ("live", 16_000)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.npz", "out.png", "speech.wav"]


def test_the_panels_hold_the_features(voice, wav):
    found = analyse(wav(voice[1]))
    wave, _, cepstra, energy, pitch = draw(found).axes[:5]
    np.testing.assert_array_equal(cepstra.images[0].get_array(), found.excerpt.features[:, :12].T)
    np.testing.assert_array_equal(energy.lines[0].get_ydata(), found.excerpt.features[:, 12])
    drawn = np.asarray(pitch.lines[0].get_ydata())
    voiced = found.excerpt.features[:, 39] > 0
    np.testing.assert_array_equal(drawn[voiced], found.excerpt.features[voiced, 39])
    assert np.isnan(drawn[~voiced]).all()
    shaded = [patch for patch in pitch.patches if patch.get_width() > 0]
    assert sum(patch.get_width() for patch in shaded) * 60 == pytest.approx(voiced.sum())
    assert wave.get_xlim() == (0.0, pytest.approx(2.0))


def test_a_tone_shows_at_its_place_on_the_mel_scale(wav):
    rate = 16_000
    spectrum = draw(analyse(wav(0.3 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)))).axes[1]
    image = np.asarray(spectrum.images[0].get_array())
    highest = 1127 * np.log1p(7600 / 700)
    brightest = np.median(image.argmax(axis=0)) / (len(image) - 1) * highest
    assert brightest == pytest.approx(1127 * np.log1p(1000 / 700), abs=15)
    assert image.max() == pytest.approx(20 * np.log10(0.3), abs=1.5)  # between two bins


@pytest.mark.parametrize("name", ["$x$ [b] %s.wav", "\u7b11\u9854.wav", "a\x07b.wav", "x" * 200 + ".wav"])
def test_any_sound_and_any_name_can_be_drawn(wav, tmp_path, capsys, recwarn, name):
    path = wav(np.zeros(600), name=name)
    status, said, err = run(capsys, path, "--plot", tmp_path / "p.png")
    assert (status, err) == (0, "")
    assert "digital silence" in said
    assert "\x07" not in said
    assert not [w for w in recwarn if "Glyph" in str(w.message)]


def test_a_long_file_is_drawn_in_part(voice, wav, tmp_path, capsys):
    path = wav(np.tile(voice[1], 17))
    _, said, _ = run(capsys, path, "--plot", tmp_path / "p.png", "--start", "1")
    assert "1.00 to 34.00 s" in said
    assert "p.png: 1.00 to 31.00 s" in said


def test_what_goes_wrong_is_one_sentence(voice, wav, tmp_path, capsys):
    speech = wav(voice[1])
    (tmp_path / "words.wav").write_text("these are words")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    cases = [
        ([tmp_path / "none.wav"], "there is no sound file"),
        ([tmp_path], "is not a file"),
        ([tmp_path / "words.wav"], "is not a sound file"),
        ([tmp_path / "empty.wav"], "holds no sound"),
        ([speech, "--profile", "studio"], "profile must be one of"),
        ([speech, "--plot", tmp_path / "p.bmp"], "must end in .png"),
        ([speech, "--out", tmp_path / "p.txt"], "must end in .npz"),
        ([speech, "--plot", tmp_path / "nowhere" / "p.png"], "there is no folder"),
        ([speech, "--start", "9"], "ends at 2.00 s"),
    ]
    for arguments, words in cases:
        status, out, err = run(capsys, *arguments)
        assert status == 1
        assert out == ""
        assert err.startswith("th: ")
        assert words in err
        assert err.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty.wav", "speech.wav", "words.wav"]


def test_matplotlib_is_only_asked_for_a_picture(voice, wav, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run(capsys, wav(voice[1]))[0] == 0
