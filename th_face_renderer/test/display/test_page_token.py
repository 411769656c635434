"""Who does not show the token gets nothing, on every road in; who does may operate the face."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from th_common.errors import InputError
from th_face_renderer.display.page import PageServer
from th_face_renderer.display.page_token import COOKIE, LONGEST, TokenGate, exposed, read_token
from th_face_renderer.display.page_viewer import Action
from th_face_renderer.testing_browser import Chromium


def until(condition: Callable[[], bool], timeout: float = 10.0) -> bool:
    end = time.monotonic() + timeout
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


TOKEN = "correct-horse-battery-staple"
Serve = Callable[..., PageServer]


def talk(work: Callable[[aiohttp.ClientSession], Awaitable[Any]]) -> Any:
    async def session() -> Any:
        jar = aiohttp.CookieJar(unsafe=True)  # else it keeps none for addresses
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10), cookie_jar=jar) as http:
            return await work(http)

    return asyncio.run(session())


@pytest.mark.parametrize("path", ["", "operator", "face.js", "stats", "socket", "nothing", "socket?token=", "?token=x"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": f"{COOKIE}=wrong"}])
def test_without_the_token_nothing_is_served(serve: Serve, path: str, headers: dict[str, str]) -> None:
    server = serve(token=TOKEN)

    async def visit(http: aiohttp.ClientSession) -> None:
        async with http.get(server.url + path, headers=headers) as answer:
            assert answer.status == 401
            assert "Content-Security-Policy" in answer.headers
            assert TOKEN not in await answer.text()

    talk(visit)


def test_a_browser_shows_it_once_and_then_by_cookie(serve: Serve) -> None:
    server = serve(token=TOKEN)

    async def visit(http: aiohttp.ClientSession) -> None:
        page = {"Accept": "text/html"}
        async with http.get(f"{server.url}operator?kiosk&token={TOKEN}", headers=page, allow_redirects=False) as answer:
            assert answer.status == 303
            assert answer.headers["Location"] == "/operator?kiosk="
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
        for path in ("", "operator", "face.js", "stats"):
            async with http.get(server.url + path) as answer:
                assert answer.status == 200
        ws = await http.ws_connect(server.url + "socket", origin=server.url.rstrip("/"))
        assert (await ws.receive_json())["type"] == "hello"

    talk(visit)


def test_the_page_works_behind_it_in_a_browser(serve: Serve, browser: Chromium) -> None:
    server = serve(token=TOKEN)
    page = browser.open(f"{server.url}?face=pictures&token={TOKEN}")
    try:
        page.wait("window.thFace")
        assert page.evaluate("location.search") == "?face=pictures"
        assert page.evaluate("document.cookie") == "", "no script reads it"
        assert until(lambda: server.viewers >= 1)
    finally:
        page.close()


def test_a_redirect_never_leads_elsewhere(serve: Serve) -> None:
    server = serve(token=TOKEN)

    async def visit(http: aiohttp.ClientSession) -> None:
        raw = f"{server.url}/evil.example/?token={TOKEN}"  # two slashes
        async with http.get(raw, headers={"Accept": "text/html"}, allow_redirects=False) as answer:
            assert not answer.headers.get("Location", "/").startswith("//")

    talk(visit)


@pytest.mark.parametrize("way", ["address", "header"])
def test_programs_show_it_with_the_address_or_a_header(serve: Serve, way: str) -> None:
    server = serve(token=TOKEN)

    async def visit(http: aiohttp.ClientSession) -> str:
        headers = {"Authorization": f"Bearer {TOKEN}"} if way == "header" else {}
        address = server.url + "socket" + (f"?token={TOKEN}" if way == "address" else "")
        ws = await http.ws_connect(address, headers=headers)
        return (await ws.receive_json())["type"]

    assert talk(visit) == "hello"


def test_another_site_is_refused_even_with_the_token(serve: Serve) -> None:
    server = serve(token=TOKEN)

    async def visit(http: aiohttp.ClientSession) -> int:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await http.ws_connect(f"{server.url}socket?token={TOKEN}", origin="http://evil.example")
        return refusal.value.status

    assert talk(visit) == 403


@pytest.mark.parametrize(
    ("token", "remote", "offered"), [("", False, []), ("", True, ["wave"]), (TOKEN, False, ["wave"])]
)
def test_other_machines_operate_with_the_token_alone(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, token: str, remote: bool, offered: list[str]
) -> None:
    monkeypatch.setattr("th_face_renderer.display.page_guard.is_this_machine", lambda address: False)
    done: list[str] = []
    server = serve(token=token, remote_actions=remote, actions={"wave": Action(lambda: done.append("wave"))})

    async def visit(http: aiohttp.ClientSession) -> list[str]:
        ws = await http.ws_connect(f"{server.url}socket?token={token}")
        hello = await ws.receive_json()
        await ws.send_str(json.dumps({"type": "do", "action": "wave"}))
        await ws.send_str(json.dumps({"type": "ping", "t0": 0}))
        with contextlib.suppress(TypeError):
            await ws.receive_json()
        return hello["actions"]

    assert talk(visit) == offered
    assert done == offered


@pytest.mark.parametrize("token", ["short", "x" * (LONGEST + 1), "with a blank inside it", "ünïcödé-ünïcödé-ünïcödé"])
def test_a_token_that_can_be_guessed_or_typed_wrong_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="16 to 256") as refusal:
        TokenGate(token)
    assert token not in str(refusal.value)


def test_a_token_is_read_from_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    assert read_token(str(file)) == TOKEN
    assert read_token("") == ""
    file.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        read_token(str(file))


@pytest.mark.parametrize("path", ["nowhere", "", "a\0b"])
def test_a_token_file_that_is_none_is_named(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_token(str(tmp_path / path) + ("" if path else "/"))


@pytest.mark.parametrize(
    ("host", "reachable"),
    [("127.0.0.1", False), ("127.8.8.8", False), ("localhost", False), ("::1", False)]
    + [(host, True) for host in ("0.0.0.0", "::", "192.168.1.7", "robot.local", "")],
)
def test_what_other_machines_can_reach_is_known(host: str, reachable: bool) -> None:
    assert exposed(host) is reachable
