"""The voice that a node hears with: chosen by its parameters `voice` and `adapt`, measured and forgotten by services."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger
from th_msgs.srv import Calibrate

from th_common.errors import InputError
from th_common.node import TalkingHeadNode
from th_face_predictor.ear import Ear
from th_face_predictor.voice import Voice
from th_face_predictor.voice_file import SUFFIX, check_name, find_voice, read_voice, voices_folder, write_voice

Prove = Callable[[np.ndarray, np.ndarray], None]
"""Features (T, 40) and an offset (14,): InputError where the offset does not help."""


class NodeVoice:
    """Made before its node is; `serve` and what follows come after. `hear` is called in the worker's thread, all else in the executor's."""

    def __init__(self, node: TalkingHeadNode) -> None:
        self._node = node
        self._ear: Ear | None = None
        self._prove: Prove | None = None

    def serve(self) -> None:
        """Answer `face/calibrate` and `face/forget_voice` as long as the node lives."""
        self._node.create_service(Calibrate, "face/calibrate", self._calibrate)
        self._node.create_service(Trigger, "face/forget_voice", self._forget)

    def open(self, ear: Ear, prove: Prove) -> None:
        """The node is configured: hear with this ear, as the parameters say."""
        self._ear, self._prove = ear, prove
        self.choose()

    def close(self) -> None:
        """The node is cleaned up."""
        self._ear = self._prove = None

    def hear(self, feature: np.ndarray, *, first: bool) -> np.ndarray:
        """As Ear.push, of a node that is configured."""
        assert self._ear is not None
        return self._ear.push(feature, first=first)

    def stopped(self) -> None:
        """A stop was called: what was heard before is over."""
        if self._ear is not None:
            self._ear.forget()

    def choose(self) -> None:
        """Hear as the parameters say; where the voice cannot be used, without one, and say so."""
        ear, name, adapt = self._ear, self._node.value("voice"), self._node.value("adapt")
        if ear is None:
            return
        try:
            ear.use(self._read(name), adapt=adapt)
        except InputError as error:
            ear.use(None, adapt=adapt)
            self._node.report("voice refused", error, hold=None)
        else:
            self._node.health.clear_fault("voice refused")

    def refuses(self, name: str) -> str | None:
        """Why the parameter `voice` cannot be that; None: it can."""
        try:
            self._read(name)
        except InputError as error:
            return f"voice: {error}"
        return None

    def update_health(self) -> None:
        """Write what is in use into the node's diagnostics."""
        if self._ear is not None:
            self._node.health.set("voice", self._ear.state)
            self._node.health.set("voice moved", self._ear.moved)

    def _read(self, name: str) -> Voice | None:
        voice = read_voice(find_voice(name)) if name else None
        if voice is not None and self._ear is not None:
            self._ear.check(voice)
        return voice

    async def _calibrate(self, request: Calibrate.Request, response: Calibrate.Response) -> Calibrate.Response:
        """Measure the voice heard last, see that correcting it helps, keep it, hear with it. Takes some 12 ms of the executor."""
        node = self._node
        try:
            ear, prove = self._ear, self._prove
            if ear is None or prove is None or not node.active:
                raise InputError(f"{node.get_name()} is {node.lifecycle}: it has heard nothing")
            features = ear.recent(request.seconds)
            voice = ear.learn(features, check_name(request.name))
            offset = ear.check(voice)
            await node.aside(lambda: prove(features, offset))
            if self._ear is not ear:
                raise InputError(f"{node.get_name()} was cleaned up meanwhile")
            path = voices_folder() / f"{voice.name}{SUFFIX}"
            write_voice(path, voice)
            if reason := self._set(str(path)):
                raise InputError(reason)
            response.success, response.message, response.path = True, ear.tell(voice), str(path)
        except InputError as error:
            response.success, response.message = False, str(error)
        return response

    def _forget(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Hear without a measured voice from now on; its file stays."""
        before = Path(self._node.value("voice")).stem
        reason = self._set("")
        response.success = not reason
        response.message = reason or (f"without {before!r} from now on" if before else "no measured voice was in use")
        return response

    def _set(self, voice: str) -> str:
        """Set the parameter; why that is not possible, in words."""
        (chosen,) = self._node.set_parameters([Parameter("voice", value=voice)])
        return "" if chosen.successful else chosen.reason
