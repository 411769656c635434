"""One open page: its socket, what waits for it, and what it asks for."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from th_common.errors import InputError
from th_face_renderer.display import page_protocol as protocol
from th_face_renderer.display.page_outbox import Outbox

HEARTBEAT = 10.0  # s between pings: a viewer that vanished without a word is gone after 1.5 times this
MAX_UNSENT = 1 << 16  # bytes in the socket's queue: more of it would only age there, where nothing can be dropped
MAX_REQUESTS = 100  # a second

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Action:
    """What an operator's page may ask for: what to do, and how many numbers in -1..1 it takes."""

    call: Callable[..., None]
    numbers: int = 0


class Viewer:
    """Lives in the server's loop; only `outbox` is touched by other threads. `actions` are what its page may ask for.

    `estimate`: whether it is told what the voice expresses, and what became of actions.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        look: protocol.Look,
        actions: Mapping[str, Action],
        *,
        estimate: bool = False,
    ) -> None:
        self.outbox = Outbox()
        self.look = look
        self.actions = actions
        self.estimate = estimate
        self._clock = clock
        self._socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT, max_msg_size=protocol.MAX_REQUEST, compress=False, timeout=1.0
        )
        self._ready = asyncio.Event()
        self._sent_bytes = 0
        self._refused = 0
        self._requests = 0
        self._second = 0.0

    async def open(self, request: web.Request, hello: dict[str, Any]) -> None:
        """Finish the handshake and greet."""
        await self._socket.prepare(request)
        if request.transport is not None:
            request.transport.set_write_buffer_limits(high=MAX_UNSENT)
        with contextlib.suppress(ConnectionError):
            takes = {name: action.numbers for name, action in self.actions.items() if action.numbers}
            await self._send(json.dumps({**hello, "actions": list(self.actions), "takes": takes}))

    async def serve(self) -> web.WebSocketResponse:
        """Send what waits and answer requests until the socket closes."""
        sender = asyncio.create_task(self._send_all())
        try:
            with contextlib.suppress(ConnectionError):  # it left while we spoke
                async for message in self._socket:
                    if not await self._answer(message.type, message.data):
                        break
        finally:
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await sender
        return self._socket

    async def goodbye(self) -> None:
        """Close the socket: the server is going away."""
        closing = self._socket.close(code=WSCloseCode.GOING_AWAY, message=b"server stopped")
        with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
            await asyncio.wait_for(closing, timeout=1.5)

    def wake(self) -> None:
        """There is something in the outbox."""
        self._ready.set()

    def stats(self) -> dict[str, Any]:
        """This viewer's counters."""
        return {
            "look": self.look.value,
            "listening": self.outbox.listening,
            "sent_bytes": self._sent_bytes,
            "dropped_pictures": self.outbox.dropped_pictures,
            "dropped_sounds": self.outbox.dropped_sound,
            "requests_refused": self._refused,
        }

    async def _send_all(self) -> None:
        while True:
            while (message := self.outbox.take()) is not None:
                await self._send(message)
            self._ready.clear()
            await self._ready.wait()

    async def _send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            await self._socket.send_str(message)
        else:
            await self._socket.send_bytes(message)
        self._sent_bytes += len(message)

    def _act(self, request: protocol.Do) -> None:
        try:
            self.actions[request.action].call(*request.numbers)
        except Exception:  # somebody else's code: the page must live
            _log.exception("The action %s failed.", request.action)

    def _offered(self, request: protocol.Do) -> bool:
        return request.action in self.actions and len(request.numbers) == self.actions[request.action].numbers

    async def _answer(self, kind: WSMsgType, data: Any) -> bool:
        """Do what the page asks; False, and the socket closed, if it asks nonsense or too much."""
        arrived = self._clock()
        now = time.monotonic()
        if now - self._second >= 1.0:
            self._second, self._requests = now, 0
        self._requests += 1
        try:
            if kind != WSMsgType.TEXT or self._requests > MAX_REQUESTS:
                raise InputError("A page sent what no page of ours sends.")
            request = protocol.parse_request(data)
            if isinstance(request, protocol.Do) and not self._offered(request):
                raise InputError("A page asked for what it was not offered.")
        except InputError as error:
            self._refused += 1
            await self._socket.close(code=WSCloseCode.POLICY_VIOLATION, message=str(error).encode())
            return False
        if isinstance(request, protocol.Listen):
            self.outbox.listen(request.on)
        elif isinstance(request, protocol.Do):
            self._act(request)
        else:
            await self._send(json.dumps({"type": "pong", "t0": request.t0, "t1": arrived, "t2": self._clock()}))
        return True
