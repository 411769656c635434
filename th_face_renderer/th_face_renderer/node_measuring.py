"""Buttons of the operator's page for the voice: have it measured by face_predictor, or hear without (docs/voices.md)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.client import Client
from rclpy.task import Future
from std_srvs.srv import Trigger
from th_msgs.srv import Calibrate

from th_common.node import TalkingHeadNode

NAME = "operator"
"""Of the voice that the page has measured, and of its file."""
PATIENCE = 10.0
"""s: who measures a voice has answered after one; who has not until then was killed."""

LONGEST = 500
"""Letters of an answer that are told: anybody may serve these services."""


class Measuring:
    """Asks face_predictor for a node's page, one question at a time; called in the executor.

    Args:
        tell: is told in words what came of it, and before that, that it was asked.
    """

    def __init__(self, node: TalkingHeadNode, tell: Callable[[str], None]) -> None:
        self._node, self._tell = node, tell
        self._calibrate: Client = node.create_client(Calibrate, "face/calibrate")
        self._forget: Client = node.create_client(Trigger, "face/forget_voice")
        self._asked: tuple[Client, Future] | None = None
        self._until = 0.0

    def destroy(self) -> None:
        """Ask no more; what is answered now is told to nobody."""
        self._asked = None
        for client in (self._calibrate, self._forget):
            self._node.destroy_client(client)

    def measure(self) -> None:
        """Measure the voice that was heard last, and hear with it."""
        self._ask(self._calibrate, Calibrate.Request(name=NAME), "The voice is measured ...")

    def forget(self) -> None:
        """Hear without a measured voice."""
        self._ask(self._forget, Trigger.Request(), "...")

    def look(self) -> None:
        """Now and then: is there somebody who has not answered?"""
        if self._asked is not None and time.monotonic() > self._until:
            client, answer = self._asked
            client.remove_pending_request(answer)
            self._asked = None
            self._tell("face_predictor did not answer")

    def _ask(self, client: Client, request: Any, meanwhile: str) -> None:
        self.look()
        if self._asked is not None:
            return
        if not client.service_is_ready():
            self._tell("face_predictor is not there: nobody measures voices")
            return
        self._tell(meanwhile)
        self._until = time.monotonic() + PATIENCE
        answer = client.call_async(request)
        self._asked = client, answer
        answer.add_done_callback(self._hear)

    def _hear(self, answer: Future) -> None:
        if self._asked is None or self._asked[1] is not answer:
            return
        self._asked = None
        error = answer.exception()
        self._tell((str(error) if error is not None else answer.result().message)[:LONGEST])
