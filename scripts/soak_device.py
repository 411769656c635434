"""A loudspeaker that can be lost and found: a sound server of our own with a null sink, which is paced like real hardware."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ALSA = """</usr/share/alsa/alsa.conf>
pcm.!default {{ type pulse server "unix:{socket}" }}
ctl.!default {{ type pulse server "unix:{socket}" }}
"""


class SoundServer:
    """PulseAudio on a socket of its own; `environment` leads PortAudio's default device to it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._socket = folder, folder / "socket"
        alsa = folder / "asound.conf"
        alsa.write_text(ALSA.format(socket=self._socket))
        self.environment = {"ALSA_CONFIG_PATH": str(alsa)}
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """The device is there (again)."""
        self._socket.unlink(missing_ok=True)
        home = {**os.environ, "HOME": str(self._folder), "PULSE_RUNTIME_PATH": str(self._folder / "run")}
        modules = (
            "module-null-sink sink_name=soak",
            f"module-native-protocol-unix socket={self._socket} auth-anonymous=1",
        )
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        command += [word for module in modules for word in ("-L", module)]
        self._process = subprocess.Popen(command, env=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 5.0
        while not self._socket.exists() and time.monotonic() < end:
            time.sleep(0.05)

    def lose(self) -> None:
        """The device is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


@contextmanager
def sound_server() -> Iterator[SoundServer | None]:
    """A sound server for a while; None where PulseAudio or ALSA's way to it is not installed."""
    plugins = [*Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")]
    if shutil.which("pulseaudio") is None or not plugins:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        server = SoundServer(Path(folder))
        try:
            yield server
        finally:
            server.lose()
