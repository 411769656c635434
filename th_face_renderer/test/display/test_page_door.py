"""The port takes so many connections, and drops those that say nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import ClientSession, web

from th_face_renderer.display.page_door import Door, open_door


def at(door: Callable[[web.Application], Awaitable[Door]], work: Callable[[Door], Awaitable[Any]]) -> Any:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def whole() -> Any:
        application = web.Application()
        application.router.add_get("/", answer)
        opened = await door(application)
        try:
            return await asyncio.wait_for(work(opened), 10)
        finally:
            await opened.close()

    return asyncio.run(whole())


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


def test_one_connection_too_many_is_closed_and_the_others_live() -> None:
    async def work(door: Door) -> None:
        held = [await asyncio.open_connection("127.0.0.1", door.port) for _ in range(3)]
        more, _ = await asyncio.open_connection("127.0.0.1", door.port)
        assert await ended(more)
        assert door.refused == 1
        reader, writer = held[0]
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")

    at(lambda application: open_door(application, "127.0.0.1", 0, connections=3), work)


def test_a_connection_that_says_nothing_or_never_ends_its_header_is_closed() -> None:
    async def work(door: Door) -> None:
        silent, _ = await asyncio.open_connection("127.0.0.1", door.port)
        slow, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(b"GET / HTTP/1.1\r\nX: ")
        assert await ended(silent)
        assert await ended(slow)
        assert door.refused == 2

    at(lambda application: open_door(application, "127.0.0.1", 0, silence=0.05), work)


def test_who_has_asked_once_may_stay() -> None:
    async def work(door: Door) -> None:
        async with ClientSession() as http:
            for _ in range(2):
                async with http.get(f"http://127.0.0.1:{door.port}/") as answer:
                    assert await answer.text() == "hello"
                await asyncio.sleep(0.15)  # longer than the silence that a newcomer is allowed
        assert door.refused == 0

    at(lambda application: open_door(application, "127.0.0.1", 0, silence=0.05), work)
