"""The node audio_source: a recording, a microphone, or speech that is handed over, on the topics of audio_common's capture node."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from th_audio_io.floor import Floor
from th_audio_io.formats import to_s16
from th_audio_io.microphone import MicrophoneSource
from th_audio_io.pacing import Pacer, rechunk
from th_audio_io.parameters import SOURCE_PARAMETERS, SOURCE_THRESHOLDS
from th_audio_io.sources import FileSource, example_path
from th_audio_io.speak_server import SpeakServer
from th_common.errors import DeviceError, InputError
from th_common.health import Level
from th_common.node import TalkingHeadNode
from th_common.spin import spin_nodes

TAIL = 1.0  # s of silence at least behind a recording: what looks ahead downstream needs sound to finish
RETRY = 3.0  # s between attempts to open a microphone that went away
MICROPHONE_PATIENCE = 1.0


class AudioSourceNode(TalkingHeadNode):
    """Publishes audio_stamped, audio and audio_info (wave, S16LE) while active."""

    parameters = SOURCE_PARAMETERS
    thresholds = SOURCE_THRESHOLDS

    def __init__(self, name: str = "audio_source", **kwargs: Any) -> None:
        self._file: FileSource | None = None
        self._floor = Floor(self)
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._latest_late = 0.0
        super().__init__(name, **kwargs)
        self._speak = SpeakServer(self, self._floor)

    # --- lifecycle ------------------------------------------------------------------------------------------------------

    def configure(self) -> None:
        source = self.value("source")
        self._speak.open()
        if source == "topic":
            return
        if source != "mic":
            self._file = FileSource(example_path() if source == "example" else source)
        self._floor.open()

    def activate(self) -> None:
        if self.value("source") == "topic":
            return
        self._stopping.clear()
        microphone = None if self._file else self._open_microphone()
        target = self._play if microphone is None else lambda: self._listen(microphone)
        self._thread = threading.Thread(
            target=self._guarded, args=(target,), name=f"{self.get_name()}.source", daemon=True
        )
        self._thread.start()

    def deactivate(self) -> None:
        self._speak.close()
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)
            self._thread = None

    def stopped(self, number: int) -> None:
        """A recording ends here, and begins again when the node is activated again; a microphone goes on listening.

        All speech ends, but if the stop is our own, for one goal that was cancelled: then the others are said, and the recording goes on.
        """
        if self._speak.stopped():
            return
        if self._file is not None and self._thread is not None:
            self._stopping.set()
            self.get_logger().info("stopped: deactivate and activate this node to play again")

    def cleanup(self) -> None:
        self.deactivate()
        self._file = None
        self._floor.close()

    def destroy_node(self) -> None:
        self._speak.destroy()
        super().destroy_node()

    def update_health(self) -> None:
        self.health.set("source", self.value("source"))
        self.health.set("publishing", self._thread is not None and self._thread.is_alive())
        self.health.set("late ms", self._latest_late * 1e3)
        self._speak.update_health()

    # --- the source's own thread ----------------------------------------------------------------------------------------

    def _guarded(self, target: Any) -> None:
        try:
            target()
        except (InputError, DeviceError) as error:
            self.report("source", error, hold=None)
        except Exception as error:
            if self.context.ok():  # else the node was taken down under us
                self.report("source", error, hold=None)
        finally:
            self._floor.end_own()

    def _play(self) -> None:
        assert self._file is not None
        file, floor = self._file, self._floor
        rate, channels = file.rate, file.channels
        floor.begin_own(rate, channels)
        self._await_listener()
        pacer = Pacer(wait=self._stopping.wait)
        self.get_logger().info(f"playing {file.path} ({rate} Hz, {channels} channel(s))")

        def emit(piece: np.ndarray, begin: float) -> None:
            self._latest_late = max(0.0, time.monotonic() - begin - len(piece) / rate)
            floor.publish_own(to_s16(piece), begin)

        pieces = rechunk(self._sound(file), max(1, round(rate * self.value("chunk"))))
        if pacer.run(pieces, rate, emit):
            self.get_logger().info(f"end of {file.path}")

    def _sound(self, file: FileSource) -> Iterator[np.ndarray]:
        """The file, again and again with a pause if it loops, and silence behind its end."""
        good = True
        while good:
            empty = True
            try:
                for block in file.blocks():
                    empty = False
                    yield block
            except InputError as error:
                self.report("source", error, level=Level.WARN)
                good = False
            good = good and not empty and self.value("loop")
            if good:
                yield from _silence(self.value("pause"), file)
        yield from _silence(max(TAIL, self.value("pause")), file)

    def _listen(self, microphone: MicrophoneSource | None) -> None:
        while not self._stopping.is_set():
            try:
                microphone = microphone or self._open_microphone()
                self._pass_on(microphone)
            except DeviceError as error:
                self.report("microphone", error, hold=None)
                self._stopping.wait(RETRY)
            finally:
                if microphone is not None:
                    microphone.close()
                microphone = None

    def _pass_on(self, microphone: MicrophoneSource) -> None:
        self.get_logger().info(f"listening to {microphone.name!r} at {microphone.rate} Hz")
        self._floor.begin_own(microphone.rate, microphone.channels)
        while not self._stopping.is_set():
            heard = microphone.read(timeout=MICROPHONE_PATIENCE)
            if heard is None:
                raise DeviceError(f"the microphone {microphone.name!r} fell silent: unplugged?")
            self.health.clear_fault("microphone")
            data, begin = heard
            self.health.set("microphone overruns", microphone.overruns)
            self._floor.publish_own(data, begin)

    def _open_microphone(self) -> MicrophoneSource:
        return MicrophoneSource(
            self.value("device"),
            rate=self.value("sample_rate"),
            channels=self.value("channels"),
            chunk=self.value("chunk"),
        )

    def _await_listener(self) -> None:
        end = time.monotonic() + self.value("wait")
        while time.monotonic() < end and not self._stopping.is_set():
            if self._floor.listeners():
                return
            self._stopping.wait(0.02)


def _silence(seconds: float, file: FileSource) -> Iterator[np.ndarray]:
    second = np.zeros((file.rate, file.channels), np.float32)
    yield from [second] * int(seconds)
    yield second[: round(seconds % 1.0 * file.rate)]


def main(args: list[str] | None = None) -> int:
    """Run the node until it is asked to stop."""
    return spin_nodes(lambda: [AudioSourceNode()], args)
