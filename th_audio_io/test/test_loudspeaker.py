"""The loudspeaker: sound meets the device's callbacks at its due time, and a device that opens for real."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from th_audio_io import devices, loudspeaker
from th_audio_io.loudspeaker import Loudspeaker
from th_common.errors import DeviceError

RATE = 48_000
FRAMES = 480


class FakePortAudio:
    PortAudioError = RuntimeError

    def __init__(self, *, broken: bool = False) -> None:
        self.default = SimpleNamespace(device=(-1, 0))
        self._broken = broken
        self.starts = 0

    def query_devices(self) -> list[dict[str, Any]]:
        return [
            {"name": "Speaker", "max_input_channels": 0, "max_output_channels": 2, "default_samplerate": float(RATE)}
        ]

    def OutputStream(self, *, callback: Any, **kwargs: Any) -> Any:  # noqa: N802
        if self._broken:
            raise RuntimeError("Device unavailable")
        self.callback = callback
        nothing = lambda **kwargs: None  # noqa: E731
        return SimpleNamespace(start=nothing, abort=nothing, close=nothing, latency=0.04, active=True)

    def _initialize(self) -> None:
        self.starts += 1

    def _terminate(self) -> None:
        pass


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> FakePortAudio:
    fake = FakePortAudio()
    monkeypatch.setattr(devices, "sounddevice", lambda: fake)
    return fake


def hear(portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch, *, begin: float, blocks: int) -> np.ndarray:
    """What the device is given from `begin` on; it says that a block is heard 30 ms after its callback."""
    heard = []
    for n in range(blocks):
        now = begin + n * FRAMES / RATE
        monkeypatch.setattr(loudspeaker.time, "monotonic", lambda now=now: now)
        out = np.ones((FRAMES, 2), np.float32)
        times = SimpleNamespace(outputBufferDacTime=7.03, currentTime=7.0)
        portaudio.callback(out, FRAMES, times, SimpleNamespace(output_underflow=False))
        assert (out[:, 0] == out[:, 1]).all()
        heard.append(out[:, 0])
    return np.concatenate(heard)


@pytest.mark.parametrize("rate", [16_000, 44_100, RATE])
def test_sound_is_heard_when_it_is_due(rate: int, portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = Loudspeaker()
    sound = np.zeros(rate // 2, np.float32)
    sound[rate // 4 :] = 0.5  # the step is due at 20.25
    for at in range(0, len(sound), rate // 50):
        speaker.play(sound[at : at + rate // 50], rate, 20.0 + at / rate)
    heard = hear(portaudio, monkeypatch, begin=19.9, blocks=80)
    step = np.flatnonzero(heard > 0.25)[0] / RATE
    assert 19.9 + 0.03 + step == pytest.approx(20.25, abs=0.001)
    assert speaker.schedule.slips == 0


def test_a_set_latency_counts_instead_of_the_devices_own(
    portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = Loudspeaker(latency=0.2)
    assert speaker.latency == 0.2
    speaker.play(np.full(4800, 0.5, np.float32), RATE, 20.0)
    heard = hear(portaudio, monkeypatch, begin=19.7, blocks=40)
    assert 19.7 + 0.2 + np.flatnonzero(heard)[0] / RATE == pytest.approx(20.0, abs=0.001)


def test_clear_cuts_the_sound(portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = Loudspeaker()
    speaker.play(np.full(4800, 0.5, np.float32), RATE, 20.0)
    speaker.clear()
    assert not hear(portaudio, monkeypatch, begin=19.9, blocks=40).any()
    speaker.close()


def test_a_busy_device_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "sounddevice", lambda: FakePortAudio(broken=True))
    with pytest.raises(DeviceError, match="'Speaker' cannot be opened: Device unavailable"):
        Loudspeaker()


def test_a_device_that_asks_no_more_is_lost(portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = Loudspeaker()
    assert speaker.playing
    hear(portaudio, monkeypatch, begin=500.0, blocks=2)
    assert speaker.playing
    monkeypatch.setattr(loudspeaker.time, "monotonic", lambda: 500.0 + 2.0)
    assert speaker.playing, "a sound server's own buffer of 2 s is full"
    monkeypatch.setattr(loudspeaker.time, "monotonic", lambda: 500.0 + 5.0)
    assert not speaker.playing


def test_the_list_of_devices_is_fresh_where_that_disturbs_nobody(
    portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loudspeaker, "STREAMS", devices.OpenStreams())
    first = Loudspeaker()
    assert portaudio.starts == 1
    second = Loudspeaker()
    assert portaudio.starts == 1, "that would stop the first one"
    first.close()
    first.close()
    second.close()
    Loudspeaker().close()
    assert portaudio.starts == 2


_REAL = """
import numpy as np, time
from th_audio_io.loudspeaker import Loudspeaker
from th_audio_io.microphone import MicrophoneSource
speaker, microphone = Loudspeaker(), MicrophoneSource()
speaker.play(np.full(1600, 0.1, np.float32), 16000, time.monotonic() + 0.05)
assert microphone.read(timeout=5.0) is not None
speaker.close(); microphone.close()
print("played and heard")
"""


def test_real_portaudio_on_a_null_device(tmp_path: Path) -> None:
    pytest.importorskip("sounddevice", reason="needs PortAudio", exc_type=(ImportError, OSError))  # type: ignore[arg-type]
    (tmp_path / "asound.conf").write_text("pcm.!default { type null }\nctl.!default { type null }\n")
    environment = {**os.environ, "ALSA_CONFIG_PATH": str(tmp_path / "asound.conf")}
    done = subprocess.run([sys.executable, "-c", _REAL], env=environment, capture_output=True, text=True, timeout=60)
    if "DeviceError" in done.stderr:
        pytest.skip(f"PortAudio here knows no ALSA: {done.stderr.splitlines()[-1]}")
    assert "played and heard" in done.stdout, done.stderr
