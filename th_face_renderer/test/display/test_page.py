"""The server by itself, talked to by a program instead of a browser."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from th_common.errors import DeviceError, InputError
from th_face_renderer.display import page_protocol as protocol
from th_face_renderer.display.page import PageServer

Serve = Callable[..., PageServer]


def talk(work: Callable[[aiohttp.ClientSession], Awaitable[Any]]) -> Any:
    async def session() -> Any:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
            return await work(http)

    return asyncio.run(session())


def until(condition: Callable[[], bool], timeout: float = 5.0) -> bool:
    end = time.monotonic() + timeout
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


async def opened(http: aiohttp.ClientSession, server: PageServer, **options: Any) -> aiohttp.ClientWebSocketResponse:
    ws = await http.ws_connect(server.url + "socket", **options)
    hello = await ws.receive_json()
    assert (hello["type"], hello["protocol"]) == ("hello", protocol.VERSION)
    return ws


async def ask(ws: aiohttp.ClientWebSocketResponse, **request: object) -> None:
    await ws.send_str(json.dumps(request))


async def answered(ws: aiohttp.ClientWebSocketResponse) -> bool:
    """Whether the server still answers this viewer."""
    await ask(ws, type="ping", t0=1.0)
    async for message in ws:
        if message.type == aiohttp.WSMsgType.TEXT and json.loads(message.data)["type"] == "pong":
            return True
    return False


def test_the_page_and_its_files_are_fenced_in(serve: Serve) -> None:
    server = serve(title="Anna & <Bob>", background="#123456", size=(480, 640))

    async def visit(http: aiohttp.ClientSession) -> None:
        for name, kind in {"": "text/html", "face.js": "text/javascript", "face.css": "text/css"}.items():
            async with http.get(server.url + name) as answer:
                text = await answer.text()
                assert (answer.status, answer.content_type) == (200, kind)
                assert answer.headers["Cache-Control"] == "no-store"
                assert "default-src 'none'; script-src 'self'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert "aiohttp" not in answer.headers["Server"]
                assert "$" not in text.replace("${", "")
            if not name:
                assert "<title>Anna &amp; &lt;Bob&gt;</title>" in text
                assert 'width="640" height="480"' in text
            if name == "face.css":
                assert "--background: #123456" in text

    talk(visit)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "", {"Host": "evil.example"}, 421),
        ("GET", "stats", {"Host": "evil.example"}, 421),
        ("GET", "stats", {"Origin": "http://evil.example"}, 403),
        ("GET", "socket", {"Origin": "http://evil.example"}, 403),
        ("GET", "socket", {}, 400),
        ("GET", "../page.py", {}, 404),
        ("GET", "%2e%2e/page.py", {}, 404),
        ("POST", "", {}, 405),
    ],
)
def test_what_is_not_for_everybody_is_refused(
    serve: Serve, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    server = serve()

    async def visit(http: aiohttp.ClientSession) -> int:
        async with http.request(method, server.url + path, headers=headers) as answer:
            return answer.status

    assert talk(visit) == status


def test_the_socket_opens_for_its_own_page_alone(serve: Serve) -> None:
    server = serve()

    async def visit(http: aiohttp.ClientSession) -> None:
        ws = await opened(http, server, origin=server.url.rstrip("/"))
        assert await answered(ws)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await http.ws_connect(server.url + "socket", origin="http://evil.example")
        assert refusal.value.status == 403

    talk(visit)


def test_pictures_sound_and_info_reach_a_viewer(serve: Serve) -> None:
    server = serve()
    samples = np.linspace(-0.5, 0.5, 24000 // 4, dtype=np.float32)

    async def watch(http: aiohttp.ClientSession) -> None:
        ws = await opened(http, server)
        assert server.viewers == 1
        assert server.listeners == 0
        server.play(samples, 24000, 1.0)  # nobody listens yet
        await ask(ws, type="sound", on=True)
        assert await answered(ws)
        assert server.listeners == 1
        server.show(b"jpeg one", 12.25)
        message = protocol.unpack(await ws.receive_bytes())
        assert (message.kind, message.present_at, message.still) == (protocol.Kind.PICTURE, 12.25, False)
        assert bytes(message.payload) == b"jpeg one"
        server.play(samples, 24000, 20.0)
        heard: list[float] = []
        while len(heard) < len(samples):
            message = protocol.unpack(await ws.receive_bytes())
            assert message.kind == protocol.Kind.SOUND
            assert message.present_at == pytest.approx(20.0 + len(heard) / 24000, abs=1e-9)
            heard.extend(np.frombuffer(message.payload, "<i2") / 32767)
        np.testing.assert_allclose(heard, samples, atol=1e-4)
        server.info({"state": "speaking"})
        assert await ws.receive_json() == {"type": "info", "values": {"state": "speaking"}}

    talk(watch)
    assert until(lambda: server.viewers == 0)


def test_the_clock_is_the_one_that_was_given(serve: Serve) -> None:
    ticks = iter(range(1000, 2000))
    server = serve(clock=lambda: float(next(ticks)))

    async def measure(http: aiohttp.ClientSession) -> dict[str, float]:
        ws = await opened(http, server)
        await ask(ws, type="ping", t0=3.5)
        return await ws.receive_json()

    assert talk(measure) == {"type": "pong", "t0": 3.5, "t1": 1000.0, "t2": 1001.0}


def test_a_late_joiner_is_greeted_with_the_last_face_and_info(serve: Serve) -> None:
    server = serve()
    server.show(b"older", 1.0)
    server.show(b"newest", 2.0)
    server.info({"badge": "waiting"})

    async def join(http: aiohttp.ClientSession) -> None:
        ws = await opened(http, server)
        assert (await ws.receive_json())["values"] == {"badge": "waiting"}
        message = protocol.unpack(await ws.receive_bytes())
        assert message.still
        assert bytes(message.payload) == b"newest"

    talk(join)


garbage = st.one_of(
    st.binary(max_size=100),
    st.text(max_size=100),
    st.sampled_from(["[" * 1000, "x" * 5000, '{"type":"ping","t0":NaN}', '{"type":"ping"}', "null", b"\x01" * 5000]),
)


def test_nonsense_closes_its_own_viewer_only(serve: Serve) -> None:
    server = serve()

    @settings(max_examples=40, deadline=None)
    @given(nonsense=garbage)
    def quarrel(nonsense: str | bytes) -> None:
        async def visit(http: aiohttp.ClientSession) -> None:
            good, bad = await opened(http, server), await opened(http, server)
            await (bad.send_str(nonsense) if isinstance(nonsense, str) else bad.send_bytes(nonsense))
            assert not await answered(bad)
            assert await answered(good)

        talk(visit)

    quarrel()


def test_a_flood_of_requests_ends_the_viewer(serve: Serve) -> None:
    server = serve()

    async def flood(http: aiohttp.ClientSession) -> None:
        ws = await opened(http, server)
        for _ in range(150):
            await ask(ws, type="ping", t0=0.0)
        async for _ in ws:
            pass
        assert ws.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION

    talk(flood)
    assert server.stats()["requests_refused"] == 1


def test_there_is_a_limit_to_the_viewers(serve: Serve) -> None:
    server = serve(max_viewers=2)

    async def crowd(http: aiohttp.ClientSession) -> None:
        first, second = await opened(http, server), await opened(http, server)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await http.ws_connect(server.url + "socket")
        assert refusal.value.status == 503
        assert await answered(first)
        assert await answered(second)
        await first.close()
        assert await answered(await opened(http, server))

    talk(crowd)


def test_a_viewer_that_does_not_read_loses_pictures_not_our_time(serve: Serve) -> None:
    server = serve()
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as stuck:
        stuck.sendall(
            b"GET /socket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert until(lambda: server.viewers == 1)
        big = bytes(200_000)
        for i in range(300):  # 60 MB: more than any socket swallows
            server.show(big, float(i))
        assert until(lambda: server.stats()["dropped_pictures"] > 200)

        async def watch(http: aiohttp.ClientSession) -> bool:
            return await answered(await opened(http, server))

        assert talk(watch)
        server.stop()
        assert serve(port=address.port).viewers == 0


def test_many_threads_may_call_while_viewers_come_and_go(serve: Serve) -> None:
    server = serve()
    stopping = threading.Event()
    problems: list[BaseException] = []

    def push() -> None:
        try:
            while not stopping.wait(0.001):
                server.show(b"picture", 1.0)
                server.play(np.zeros(100, np.float32), 16000, 1.0)
                server.info({"n": 1})
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=push) for _ in range(3)]
    for thread in threads:
        thread.start()

    async def come_and_go(http: aiohttp.ClientSession) -> None:
        for _ in range(20):
            ws = await opened(http, server)
            await ask(ws, type="sound", on=True)
            assert await answered(ws)
            await ws.close()

    talk(come_and_go)
    server.stop()
    stopping.set()
    for thread in threads:
        thread.join()
    assert problems == []
    assert server.viewers == 0


def test_a_busy_port_is_one_sentence(serve: Serve) -> None:
    port = urlsplit(serve().url).port or 0
    with pytest.raises(DeviceError, match=rf"port {port} of 127.0.0.1: another program is using it\.$"):
        PageServer(port=port).start()


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("no.such.host.invalid", 0, "not an address of this machine"),
        ("192.0.2.1", 0, "not an address of this machine"),
        ("127.0.0.1", 70000, "0 to 65535"),
    ],
)
def test_a_wrong_address_is_one_sentence(host: str, port: int, words: str) -> None:
    server = PageServer(host=host, port=port)
    with pytest.raises(DeviceError, match=words):
        server.start()
    server.stop()


@pytest.mark.parametrize("options", [{"background": "red; } body { x: y"}, {"buffer": -1.0}, {"buffer": float("nan")}])
def test_wrong_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        PageServer(**options)


@pytest.mark.parametrize(
    ("samples", "rate", "present_at"),
    [
        (np.zeros((8, 2), np.float32), 16000, 0.0),
        (np.float32(0.0), 16000, 0.0),
        (np.zeros(8, np.float32), 0, 0.0),
        (np.zeros(8, np.float32), 16000, float("nan")),
    ],
)
def test_impossible_sound_is_refused_even_when_nobody_listens(samples: Any, rate: int, present_at: float) -> None:
    with pytest.raises(InputError):
        PageServer().play(samples, rate, present_at)


def test_stop_frees_the_port_and_start_works_again(serve: Serve) -> None:
    server = serve()
    port = urlsplit(server.url).port or 0

    async def watch(http: aiohttp.ClientSession) -> int | None:
        ws = await opened(http, server)
        stopped = asyncio.get_running_loop().run_in_executor(None, server.stop)
        await ws.receive()
        await stopped
        return ws.close_code

    assert talk(watch) == aiohttp.WSCloseCode.GOING_AWAY
    server.stop()
    server.show(b"nobody sees this", 0.0)
    again = serve(port=port)
    assert again.start() == again.url
    assert talk(lambda http: _stats(http, again))["viewers"] == 0
    assert server.start() != again.url


async def _stats(http: aiohttp.ClientSession, server: PageServer) -> dict[str, Any]:
    async with http.get(server.url + "stats") as answer:
        assert answer.content_type == "application/json"
        return await answer.json()


def test_the_counters_tell_what_happened(serve: Serve) -> None:
    server = serve()

    async def count(http: aiohttp.ClientSession) -> dict[str, Any]:
        ws = await opened(http, server)
        server.show(b"picture", 1.0)
        await ws.receive_bytes()
        return await _stats(http, server)

    stats = talk(count)
    assert (stats["viewers"], stats["viewers_seen"], stats["pictures"], stats["sounds"]) == (1, 1, 1, 0)
    assert stats["sent_bytes"] == stats["each"][0]["sent_bytes"] > len(b"picture")
