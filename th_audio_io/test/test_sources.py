"""Sound files of every kind, the pace of a recording, and devices that are not there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from th_audio_io import devices, microphone
from th_audio_io.devices import find_device
from th_audio_io.formats import to_s16
from th_audio_io.microphone import MicrophoneSource
from th_audio_io.pacing import MAX_STALL, Pacer, rechunk
from th_audio_io.sources import FileSource, example_path
from th_common.errors import DeviceError, InputError


def noise(count: int, channels: int) -> np.ndarray:
    return np.random.default_rng(4).integers(-20000, 20000, (count, channels)).astype(np.int16)


def whole(source: FileSource) -> np.ndarray:
    return np.concatenate(list(source.blocks()))


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "au"])
@pytest.mark.parametrize("channels", [1, 2])
def test_lossless_files_are_exact(tmp_path: Path, suffix: str, channels: int) -> None:
    sound = noise(20_000, channels)
    path = tmp_path / f"sound.{suffix}"
    soundfile.write(path, sound, 22050, subtype="PCM_16")
    source = FileSource(path)
    assert (source.rate, source.channels) == (22050, channels)
    assert to_s16(whole(source)) == sound.astype("<i2").tobytes()
    assert to_s16(whole(source)) == sound.astype("<i2").tobytes()  # from its beginning again


@pytest.mark.parametrize(("suffix", "codec"), [("mp4", "aac"), ("mp3", "libmp3lame"), ("mkv", "libopus")])
def test_coded_files_are_read(tmp_path: Path, suffix: str, codec: str) -> None:
    path, rate = tmp_path / f"sound.{suffix}", 48000
    tone = (0.5 * np.sin(2 * np.pi * 300 * np.arange(rate) / rate)).astype(np.float32)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone[None], "fltp", "mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.codec_context.format or "fltp", layout="mono", rate=rate)
        for piece in resampler.resample(frame):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    source = FileSource(path)
    assert (source.rate, source.channels) == (rate, 1)
    sound = whole(source)[:, 0]
    assert len(sound) == pytest.approx(rate, abs=3000)
    spectrum = np.abs(np.fft.rfft(sound[10_000:30_000] * np.hanning(20_000)))
    assert np.argmax(spectrum) * rate / 20_000 == pytest.approx(300, abs=3)


def test_example_is_real_speech() -> None:
    source = FileSource(example_path())
    sound = whole(source)
    assert (source.rate, source.channels) == (16_000, 1)
    assert len(sound) > 3 * 16_000
    assert 0.01 < sound.std() < 0.5


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("this is no sound" * 100)
    (tmp_path / "empty.wav").touch()
    soundfile.write(tmp_path / "slow.wav", np.zeros(100), 4000)
    for name, words in [
        ("none.wav", "there is no sound file"),
        (".", "is not a file"),
        ("text.wav", "not a sound file"),
        ("empty.wav", "not a sound file"),
        ("slow.wav", "1 channel.* at 4000 Hz"),
    ]:
        with pytest.raises(InputError, match=words):
            FileSource(tmp_path / name)


def test_picture_holds_no_sound(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "mute.mp4"), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=30)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(InputError, match="holds no sound"):
        FileSource(tmp_path / "mute.mp4")


def test_rechunk_keeps_every_sample() -> None:
    sound = noise(1000, 2)
    for sizes in ([1000], [1] * 1000, [7, 0, 300, 693]):
        edges = np.cumsum([0, *sizes])
        pieces = list(rechunk((sound[a:b] for a, b in itertools.pairwise(edges)), 64))
        assert [len(p) for p in pieces] == [64] * 15 + [40]
        np.testing.assert_array_equal(np.concatenate(pieces), sound)


class FakeTime:
    """A clock that moves when somebody waits, and now and then stalls."""

    def __init__(self, stalls: dict[int, float]) -> None:
        self.now, self.waits, self._stalls = 10.0, 0, stalls

    def wait(self, seconds: float) -> bool:
        self.now += seconds + self._stalls.get(self.waits, 0.0)
        self.waits += 1
        return False


def paced(stalls: dict[int, float]) -> tuple[list[tuple[float, float]], Pacer]:
    """(begin, when) of 100 pieces of 10 ms."""
    clock = FakeTime(stalls)
    pacer = Pacer(clock=lambda: clock.now, wait=clock.wait)
    log: list[tuple[float, float]] = []
    pieces: Iterator[np.ndarray] = iter([np.zeros((160, 1), np.float32)] * 100)
    assert pacer.run(pieces, 16000, lambda piece, begin: log.append((begin, clock.now)))
    return log, pacer


def test_pace_has_no_drift_and_catches_up() -> None:
    log, pacer = paced({20: 0.3})
    begins = np.array([b for b, _ in log])
    np.testing.assert_allclose(begins, 10.0 + 0.01 * np.arange(100), atol=1e-9)
    late = np.array([w - b - 0.01 for b, w in log])
    assert late[20] == pytest.approx(0.3)
    np.testing.assert_allclose(np.delete(late, range(20, 51)), 0.0, atol=1e-9)
    assert pacer.stalls == 0


def test_pace_gives_up_what_a_long_stall_cost() -> None:
    log, pacer = paced({20: MAX_STALL + 1})
    assert pacer.stalls == 1
    assert log[-1][1] == pytest.approx(log[-1][0] + 0.01)


class FakePortAudio:
    """Stands in for sounddevice: devices by a list, streams that never call back."""

    PortAudioError = RuntimeError

    def __init__(self, names: list[str], refuse: tuple[int, ...] = ()) -> None:
        self._names, self._refuse = names, refuse
        self.default = SimpleNamespace(device=(-1, -1))
        self.closed = 0

    def query_devices(self) -> list[dict[str, Any]]:
        return [
            {"name": n, "max_input_channels": 1, "max_output_channels": 0, "default_samplerate": 48000.0}
            for n in self._names
        ]

    def RawInputStream(self, *, samplerate: int, **kwargs: Any) -> Any:  # noqa: N802
        if samplerate in self._refuse:
            raise RuntimeError("Invalid sample rate")
        return SimpleNamespace(start=lambda: None, close=lambda ignore_errors: setattr(self, "closed", self.closed + 1))


def use(monkeypatch: pytest.MonkeyPatch, fake: FakePortAudio) -> None:
    monkeypatch.setattr(devices, "sounddevice", lambda: fake)


def test_missing_devices_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakePortAudio([]))
    with pytest.raises(DeviceError, match="there is no microphone: this machine has no sound input device"):
        MicrophoneSource()
    use(monkeypatch, FakePortAudio(["Webcam", "USB Headset"]))
    with pytest.raises(DeviceError, match="no microphone 'studio'; available: 0: Webcam, 1: USB Headset"):
        MicrophoneSource("studio")
    with pytest.raises(DeviceError, match="there is no loudspeaker"):
        find_device("", "output")
    assert find_device("headset", "input")[0] == 1


def test_microphone_falls_back_to_the_devices_own_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakePortAudio(["Webcam"], refuse=(16000,)))
    assert MicrophoneSource(rate=16000).rate == 48000
    use(monkeypatch, FakePortAudio(["Webcam"], refuse=(16000, 48000)))
    with pytest.raises(DeviceError, match="'Webcam' cannot be opened: Invalid sample rate"):
        MicrophoneSource(rate=16000)


def test_microphone_chunks_carry_the_time_of_their_first_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakePortAudio(["Webcam"]))
    source = MicrophoneSource()
    assert source.read(timeout=0.0) is None
    now = microphone.time.monotonic()
    times = SimpleNamespace(currentTime=5.0, inputBufferAdcTime=4.9)
    for _ in range(source.capacity + 3):
        source._hear(b"\1\2", 1, times, SimpleNamespace(input_overflow=False))
    heard = source.read(timeout=0.0)
    assert heard is not None
    assert heard[0] == b"\1\2"
    assert heard[1] == pytest.approx(now - 0.1, abs=0.05)
    assert source.overruns == 3
