"""Speech that is handed over: what is read, and what is refused in which words."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from th_audio_io import speech
from th_audio_io.speech import Speech, speech_from_bytes, speech_from_file
from th_common.errors import InputError

RATE = 16_000


def tone(seconds: float = 0.5, rate: int = RATE) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def in_memory(samples: np.ndarray, kind: str, subtype: str | None = None, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", None), ("OGG", "VORBIS"), ("MP3", None), ("AIFF", None)],
)
def test_whole_files_in_memory_and_on_disk(kind: str, subtype: str | None, tmp_path: Path) -> None:
    data = in_memory(np.stack([tone(), tone()], 1), kind, subtype)
    path = tmp_path / "speech without an ending"
    path.write_bytes(data)
    for said in (speech_from_bytes(data), speech_from_file(str(path))):
        assert said.rate == RATE
        assert said.samples.dtype == np.float32
        assert said.samples.ndim == 1
        assert said.duration == pytest.approx(0.5, abs=0.08)  # an MP3 has silence around it
        assert np.abs(said.samples).max() == pytest.approx(0.3, abs=0.03)


def test_raw_samples() -> None:
    stereo = np.stack([tone(), np.zeros(RATE // 2, np.float32)], 1)
    said = speech_from_bytes(stereo.tobytes(), sample_format="f32le", rate=RATE, channels=2)
    np.testing.assert_allclose(said.samples, tone() / 2, atol=1e-7)


def test_another_rate_is_the_same_speech() -> None:
    said = Speech(tone(), RATE, "").at(48_000)
    assert len(said.samples) == 24_000
    np.testing.assert_allclose(said.samples[2000:-2000], tone(rate=48_000)[2000:-2000], atol=1e-3)


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (b"hello, this is no sound at all", {}, "not a sound file"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt ", {}, "not a sound file"),
        (in_memory(np.zeros(0, np.float32), "WAV"), {}, "holds no sound"),
        (in_memory(np.full(100, np.nan, np.float32), "WAV", "FLOAT"), {}, "NaN or infinite"),
        (in_memory(np.stack([tone(), -tone()], 1), "WAV", "PCM_16"), {}, "cancel each other"),
        (in_memory(tone(), "WAV", rate=4000), {}, "at 4000 Hz"),
        (in_memory(tone(2.0), "FLAC"), {}, "longer than 1 s"),
        (bytes(101), {"sample_format": "S16LE", "rate": RATE}, "not a whole number of samples"),
        (bytes(100), {"sample_format": "S16LE"}, "sample rate 0 Hz"),
        (bytes(100), {"sample_format": "PCM", "rate": RATE}, "sample format 'PCM' is not supported"),
        (bytes(100), {"sample_format": "S16LE", "rate": RATE, "channels": 65}, "65 channels"),
        (np.full(4, np.inf, "<f4").tobytes(), {"sample_format": "F32LE", "rate": RATE}, "NaN or infinite"),
        (b"", {"sample_format": "S16LE", "rate": RATE}, "holds no sound"),
        (bytes(2 * RATE + 2), {"sample_format": "S16LE", "rate": RATE}, "longer than 1 s"),
    ],
)
def test_bytes_that_are_no_speech(data: bytes, options: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        speech_from_bytes(data, longest=1.0, **options)


def test_a_damaged_file_is_read_as_far_as_it_goes() -> None:
    whole = in_memory(tone(), "WAV", "PCM_16")
    assert speech_from_bytes(whole[: len(whole) // 2]).duration == pytest.approx(0.25, abs=0.01)


def test_too_much_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "MAX_DATA", 10)
    monkeypatch.setattr(speech, "MAX_FILE", 1 << 20)
    with pytest.raises(InputError, match="hand over a path"):
        speech_from_bytes(bytes(11))
    with open(tmp_path / "big", "wb") as file:
        file.truncate(2 << 20)
    with pytest.raises(InputError, match="has 2 MiB, more than 1"):
        speech_from_file(str(tmp_path / "big"))


def test_only_regular_files_that_can_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        ("", "nothing to say"),
        ("a\0b", "nothing to say"),
        (str(tmp_path / "none"), "there is no sound file"),
        (str(tmp_path), "is not a file"),
        (str(tmp_path / "pipe"), "is not a file"),
        ("/dev/zero", "is not a file"),
        ("a" * 5000, "cannot be read"),
    ):
        with pytest.raises(InputError, match=words):
            speech_from_file(path)


def test_a_folder_is_not_left(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside.wav"
    inside.mkdir()
    outside.write_bytes(in_memory(tone(), "WAV"))
    (inside / "hello.wav").write_bytes(outside.read_bytes())
    (inside / "link.wav").symlink_to(outside)
    (tmp_path / "door").symlink_to(inside)
    for path in ("hello.wav", str(inside / "hello.wav"), "../inside/hello.wav"):
        assert speech_from_file(path, folder=str(tmp_path / "door")).duration == 0.5
    for path in ("../outside.wav", str(outside), "link.wav", "/etc/passwd", "~/x.wav"):
        with pytest.raises(InputError, match="not in the folder"):
            speech_from_file(path, folder=str(inside))
