"""The port of the page's server: so many connections at most, and none that says nothing.

Without a limit whoever can reach the port can use up the process' files, and with them the node's; and a connection that never asks
for anything would be kept for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

MAX_CONNECTIONS = 96  # 16 viewers, six of a browser for each
SILENCE = 10.0  # s from the beginning of a connection to the end of its first request's header

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Refusal(asyncio.Protocol):
    """One connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


class Door:
    """An application that listens; made by `open_door`."""

    def __init__(self, application: web.Application, *, connections: int, silence: float) -> None:
        self.port = 0
        self.refused = 0
        self._most, self._silence = connections, silence
        self._silent: set[asyncio.Protocol] = set()  # have asked for nothing yet
        self._server: asyncio.Server | None = None
        application.middlewares.insert(0, self._hear)
        self._runner = web.AppRunner(application, handle_signals=False, access_log=None, shutdown_timeout=1.0)

    async def open(self, host: str, port: int) -> None:
        """Listen. OSError."""
        await self._runner.setup()
        try:
            self._server = await asyncio.get_running_loop().create_server(
                self._connect, host or None, port, backlog=128
            )
        except BaseException:
            await self._runner.cleanup()
            raise
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Listen no longer, and end what is open."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    def _connect(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None or len(server.connections) >= self._most:
            self.refused += 1
            return _Refusal()
        handler = server()
        self._silent.add(handler)
        asyncio.get_running_loop().call_later(self._silence, self._look_after, handler)
        return handler

    def _look_after(self, handler: web.RequestHandler) -> None:
        if handler in self._silent:
            self._silent.remove(handler)
            if handler.transport is not None:
                self.refused += 1
                handler.transport.abort()

    @web.middleware
    async def _hear(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._silent.discard(request.protocol)
        return await handler(request)


async def open_door(
    application: web.Application,
    host: str,
    port: int,
    *,
    connections: int = MAX_CONNECTIONS,
    silence: float = SILENCE,
) -> Door:
    """Listen at an address (port 0: any free one) for an application. OSError if that is not possible."""
    door = Door(application, connections=connections, silence=silence)
    await door.open(host, port)
    return door
