"""The operator's page: the face as visitors see it, the voice's level, how late it is, and buttons for what can be done."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from functools import partial
from queue import Queue
from typing import Any

import aiohttp
import numpy as np
import pytest

from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.display.page import PageServer
from th_face_renderer.display.page_face import page_face
from th_face_renderer.display.page_guard import is_this_machine
from th_face_renderer.display.page_viewer import Action
from th_face_renderer.plain import psnr
from th_face_renderer.testing import synthetic_model
from th_face_renderer.testing_browser import Chromium

Serve = Callable[..., PageServer]

FACE = FaceDecoder(synthetic_model(side=96, seed=4), model_id="face")
MIRROR = "document.getElementById('mirror')?.contentWindow?.thFace"


def test_it_shows_the_face_its_figures_and_what_can_be_done(
    serve: Serve, browser: Chromium, stream: Callable[..., Any]
) -> None:
    done: list[str] = []
    asked = threading.Event()

    def stop() -> None:
        done.append("stop")
        asked.set()

    actions = {"stop": stop, "expression:joy": lambda: done.append("joy"), "expression:anger": lambda: None}
    server = serve(face=page_face(FACE.model, model_id="face"), actions=actions, title="Anna")
    server.info({"state": "speaking", "presentation delay ms": "250", "viewers": "1"})
    server.show_code(FACE.rest_code, 1000.0)
    page = browser.open(server.url + "operator", width=1000, height=600)
    page.wait(f"{MIRROR} && {MIRROR}.stats.frames.drawn > 0")
    with stream(server):
        page.wait(f"{MIRROR}.level > -40")
        page.wait("getComputedStyle(document.querySelector('#level i')).transform !== 'matrix(0, 0, 0, 1, 0, 0)'")
        assert page.evaluate(f"{MIRROR}.sounding") is False  # measured, not played
        page.evaluate("document.getElementById('sound').click()", gesture=True)
        page.wait(f"{MIRROR}.sounding && document.getElementById('sound').getAttribute('aria-pressed') === 'true'")
    page.wait("document.getElementById('figures').innerText.includes('Voice to face')")
    figures = page.evaluate("document.getElementById('figures').innerText").split("\n")
    assert float(figures[1].split()[0]) >= 350  # the delay and the page's buffer
    page.wait("document.getElementById('state').textContent === 'speaking'")
    assert page.evaluate("document.querySelector('h1').textContent") == "Anna"
    buttons = "[...document.querySelectorAll('[data-action]')].map((one) => one.textContent)"
    assert page.evaluate(buttons) == ["joy", "anger", "stop"], "what is always at hand comes last"
    page.evaluate("document.querySelector('[data-action=\"expression:joy\"]').click()")
    page.evaluate("document.querySelector('[data-action=stop]').click()")
    assert asked.wait(10)
    assert done == ["joy", "stop"]
    asked.clear()
    for keyboard in ("window", "document.getElementById('mirror').contentWindow"):
        page.evaluate(
            f"{keyboard}.document.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'Escape', bubbles: true }}))"
        )
    assert asked.wait(10)
    server.hush()
    page.wait("document.getElementById('state').textContent === 'stopped'")
    server.info({"state": "resting"})
    page.wait("document.getElementById('state').textContent === 'no sound comes in'")
    wide, high = page.evaluate("[mirror.clientWidth, mirror.clientHeight]")
    want = FACE.render(FACE.rest_code, (high, wide))
    deadline = time.monotonic() + 30
    while psnr(page.screenshot()[:high, :wide], want) < 40:
        assert time.monotonic() < deadline
    assert page.errors == []
    page.close()


def test_a_server_that_can_do_nothing_shows_no_button(serve: Serve, browser: Chromium) -> None:
    page = browser.open(serve().url + "operator", width=390, height=844, mobile=True)
    page.wait(f"{MIRROR} && {MIRROR}.state === 'open' && document.getElementById('state').textContent === 'connected'")
    assert page.evaluate("document.querySelectorAll('#actions button').length") == 0
    page.close()


def test_expressions_have_a_slider_and_a_click_on_the_face_is_a_look(serve: Serve, browser: Chromium) -> None:
    asked: Queue[tuple[str, tuple[float, ...]]] = Queue()

    def wish(name: str, numbers: int) -> Action:
        return Action(lambda *given: asked.put((name, given)), numbers)

    actions = {name: wish(name, 1) for name in ("expression:happy", "expression:sad", "expression:rest")}
    server = serve(face=page_face(FACE.model, model_id="face"), actions={**actions, "look": wish("look", 2)})
    server.show_code(FACE.rest_code, 1000.0)
    page = browser.open(server.url + "operator", width=1000, height=600)
    page.wait(f"{MIRROR} && {MIRROR}.stats.frames.drawn > 0 && document.querySelector('[data-action]') !== null")
    names = "[...document.querySelectorAll('[data-action]')].map((one) => one.textContent)"
    assert page.evaluate(names) == ["happy", "sad", "automatic"], "looking is no button"
    assert "it looks there" in page.evaluate("document.querySelector('.hint').textContent")

    def press(name: str) -> None:
        page.evaluate(f"document.querySelector('[data-action=\"expression:{name}\"]').click()")

    def pressed() -> list[str]:
        return page.evaluate(
            "[...document.querySelectorAll('#actions [aria-pressed=true]')].map((one) => one.textContent)"
        )

    press("happy")
    assert asked.get(timeout=10) == ("expression:happy", (1.0,))
    assert pressed() == ["happy"]
    page.evaluate("""(() => { const slider = document.getElementById('expression-amount');
      slider.value = 40; slider.dispatchEvent(new Event('change')); })()""")
    assert asked.get(timeout=10) == ("expression:happy", (0.4,)), "the one that is shown follows the slider"
    press("sad")
    assert asked.get(timeout=10) == ("expression:sad", (0.4,))
    press("rest")
    assert asked.get(timeout=10)[0] == "expression:rest"
    assert pressed() == ["automatic"]
    server.info({"expression": "happy"})
    page.wait("document.querySelector('#actions [aria-pressed=true]')?.textContent === 'happy'")

    eyes = FACE.landmarks(FACE.rest_code)[[36, 39, 42, 45]].mean(axis=0) / FACE.canvas[0]  # in the face's square
    page.wait("document.getElementById('mirror').contentDocument.body.style.cursor === 'crosshair'")

    def click(x: float, y: float) -> tuple[float, ...]:
        """At a place of the portrait, in parts of its side; the mirror is 652 px wide and 600 high."""
        page.evaluate(f"""document.getElementById('mirror').contentDocument.getElementById('face').dispatchEvent(
          new MouseEvent('click', {{ bubbles: true, clientX: {26 + 600 * x}, clientY: {600 * y} }}))""")
        name, given = asked.get(timeout=10)
        assert name == "look"
        return given

    assert click(*eyes) == pytest.approx((0, 0), abs=0.03)
    assert click(eyes[0] + 0.2, eyes[1] - 0.1) == pytest.approx((0.2 / 0.45, -0.1 / 0.45), abs=0.04)
    assert click(0.0, 1.0)[0] == -1.0
    assert click(0.0, 1.0)[1] == pytest.approx(1.0, abs=0.3)
    assert page.errors == []
    page.close()


def test_it_says_what_the_voice_expresses_to_whoever_operates_the_face(serve: Serve, browser: Chromium) -> None:
    server = serve(face=page_face(FACE.model, model_id="face"), actions={"stop": lambda: None})
    server.show_code(FACE.rest_code, 1000.0)
    visitor = browser.open(server.url, width=300, height=300)
    visitor.wait("window.thFace?.state === 'open'")
    page = browser.open(server.url + "operator", width=1000, height=600)
    page.wait(f"{MIRROR}?.state === 'open'")
    assert server.readers == 1, "whoever only looks is not told"
    assert page.evaluate("document.getElementById('sounds').hidden") is True
    heard = {"mood": "happy", "odds": 0.75, "speaking": True, "evidence": 2.0, "right": 0.5, "commonest": 0.25}
    for change, word, percent in (
        ({}, "happy · speaking", "75"),
        ({"mood": "", "odds": 0.3, "speaking": False}, "unsure", "30"),
        ({"evidence": 0.1}, "– · speaking", "0"),
    ):
        server.estimate({**heard, **change})
        page.wait(f"document.getElementById('mood').textContent === {word!r}")
        assert page.evaluate("document.getElementById('sounds').hidden") is False
        assert page.evaluate("document.getElementById('odds').getAttribute('aria-valuenow')") == percent
    assert "50 in 100" in page.evaluate("document.getElementById('sounds').title")
    assert visitor.evaluate("thFace.estimate") is None
    server.hush()
    page.wait("document.getElementById('sounds').hidden")
    server.estimate({**heard, "right": None, "commonest": None})
    page.wait("!document.getElementById('sounds').title.includes('100')")
    assert page.errors == []
    for one in (page, visitor):
        one.close()


def test_what_became_of_measuring_a_voice_stands_under_its_buttons(serve: Serve, browser: Chromium) -> None:
    done: Queue[str] = Queue()
    actions = {name: partial(done.put, name) for name in ("voice:measure", "voice:without", "stop")}
    server = serve(face=page_face(FACE.model, model_id="face"), actions=actions)
    server.show_code(FACE.rest_code, 1000.0)
    visitor = browser.open(server.url, width=300, height=300)
    page = browser.open(server.url + "operator", width=1000, height=600)
    page.wait("document.querySelector('[data-action=\"voice:measure\"]')?.disabled === false")
    said = "document.getElementById('voice-note')?.textContent"
    page.wait(f"{said}?.includes('read aloud for half a minute')")
    page.evaluate("document.querySelector('[data-action=\"voice:measure\"]').click()")
    assert done.get(timeout=20.0) == "voice:measure"
    words = "<b>a voice</b> is measured, and corrected"
    server.note({"group": "voice", "text": words})
    page.wait(f"{said} === {words!r}")
    late = browser.open(server.url + "operator", width=390, height=844)
    late.wait(f"{said} === {words!r}")
    visitor.wait("window.thFace?.state === 'open'")
    assert visitor.evaluate("Object.keys(thFace.note).length") == 0, "a voice is not for everybody"
    for one in (page, late, visitor):
        assert one.errors == []
        one.close()


@pytest.mark.parametrize("screen", [(390, 844), (360, 640), (1280, 800), (900, 480)], ids=str)
def test_state_and_stop_are_in_sight_on_every_screen(serve: Serve, browser: Chromium, screen: tuple[int, int]) -> None:
    names = ("neutral", "happy", "sad", "angry", "surprised", "disgusted", "scared", "rest")
    actions = {f"expression:{name}": Action(lambda amount: None, 1) for name in names}
    server = serve(face=page_face(FACE.model, model_id="face"), actions={**actions, "stop": lambda: None})
    page = browser.open(server.url + "operator", width=screen[0], height=screen[1], mobile=True)
    page.wait("document.querySelector('[data-action=stop]:enabled') !== null")
    for part in ("#state", "[data-action=stop]", "#mirror"):
        box = page.evaluate(f"document.querySelector('{part}').getBoundingClientRect().toJSON()")
        assert box["top"] >= 0
        assert box["bottom"] <= screen[1]
        assert box["right"] <= screen[0]
    cut = "[...document.querySelectorAll('button')].filter((one) => one.scrollWidth > one.clientWidth).length"
    assert page.evaluate(cut) == 0
    assert page.evaluate("[...document.querySelectorAll('button')].every((one) => one.clientHeight >= 40)")
    assert page.evaluate("document.documentElement.scrollWidth") <= screen[0]
    server.stop()
    page.wait("document.getElementById('state').textContent === 'reconnecting'")
    page.wait("document.querySelector('[data-action=stop]:disabled') !== null")
    page.close()


def test_a_visitors_page_has_nothing_of_it(serve: Serve, browser: Chromium) -> None:
    done: list[str] = []
    actions = {"look": Action(lambda x, y: done.append("look"), 2), "expression:happy": lambda: done.append("happy")}
    server = serve(face=page_face(FACE.model, model_id="face"), actions=actions)
    server.show_code(FACE.rest_code, 1000.0)
    page = browser.open(server.url + "?kiosk", width=400, height=400)
    page.wait("window.thFace && thFace.stats.frames.drawn > 0")
    page.evaluate("document.getElementById('face').click()")
    assert page.evaluate("document.querySelectorAll('button:not([hidden]), input').length") == 0
    assert done == []
    page.close()


def ask(server: PageServer, action: str, numbers: list[object] | None = None) -> tuple[list[str], int | None]:
    """What the hello offers, and how the socket was closed after the request, if it was."""

    async def visit() -> tuple[list[str], int | None]:
        async with aiohttp.ClientSession() as http, http.ws_connect(server.url + "socket") as socket:
            hello = await socket.receive_json()
            request = {"type": "do", "action": action} | ({} if numbers is None else {"numbers": numbers})
            await socket.send_str(json.dumps(request))
            await socket.send_str(json.dumps({"type": "ping", "t0": 1.0}))
            await socket.receive()
            return hello["actions"], socket.close_code

    return asyncio.run(asyncio.wait_for(visit(), 10.0))


def test_what_was_not_offered_ends_the_viewer(serve: Serve) -> None:
    done: list[str] = []
    server = serve(actions={"stop": lambda: done.append("stop")})
    assert ask(server, "stop") == (["stop"], None)
    assert ask(server, "dance") == (["stop"], aiohttp.WSCloseCode.POLICY_VIOLATION)
    assert done == ["stop"]


@pytest.mark.parametrize(
    "numbers", [None, [], [0.5], [0.5, 0.5, 0.5], [0.5, 2.0], [0.5, "a"], [0.5, None], [0.5, 1e999], "ab", 3]
)
def test_numbers_that_an_action_does_not_take_end_the_viewer(serve: Serve, numbers: list[object] | None) -> None:
    done: list[tuple[float, ...]] = []
    server = serve(actions={"look": Action(lambda *given: done.append(given), 2)})
    assert ask(server, "look", numbers)[1] == aiohttp.WSCloseCode.POLICY_VIOLATION
    assert ask(server, "look", [-1, 0.25])[1] is None
    assert done == [(-1.0, 0.25)]


@pytest.mark.parametrize(("remote", "offered"), [(False, []), (True, ["stop"])])
def test_other_machines_are_offered_nothing_unless_told_otherwise(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, remote: bool, offered: list[str]
) -> None:
    monkeypatch.setattr("th_face_renderer.display.page_guard.is_this_machine", lambda address: False)
    server = serve(actions={"stop": lambda: None}, remote_actions=remote)
    assert ask(server, "stop")[0] == offered


@pytest.mark.parametrize(
    ("address", "here"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("192.168.0.7", False), ("", False), (None, False)],
)
def test_a_loopback_address_is_this_machine(address: str | None, here: bool) -> None:
    assert is_this_machine(address) is here


def test_an_action_that_fails_harms_nobody(serve: Serve) -> None:
    def fail() -> None:
        raise RuntimeError("no")

    server = serve(actions={"fail": fail})
    assert ask(server, "fail") == (["fail"], None)


def test_the_level_is_that_of_the_sound_due_now(serve: Serve, browser: Chromium) -> None:
    page = browser.open(serve().url)
    loud = (np.sin(np.arange(16000) * 0.2) * 16384).astype(int).tolist()
    levels = page.wait(f"""window.thFace && (async () => {{
      const {{ Level }} = await import("/level.js");
      const level = new Level({{ clock: {{ ready: true }}, due: (t) => t }});
      level.push(10, 16000, Int16Array.from({loud}));
      const levels = [9.9, 10.02, 10.5, 11.1, 30].map((at) => level.now(at));
      level.push(40, 16000, new Int16Array(32000).fill(16384));
      levels.push(level.now(41));
      level.restart();
      return [...levels, level.now(41.5), level.now(45)];
    }})()""")
    expected = 20 * np.log10(0.5) - 3.01
    assert levels[0] == -60
    assert levels[1:3] == pytest.approx([expected] * 2, abs=0.3)
    assert levels[3] == pytest.approx(expected, abs=0.3)
    assert levels[4] == -60
    assert levels[5] == pytest.approx(20 * np.log10(0.5), abs=0.1)
    assert levels[6:] == [pytest.approx(levels[5] - 13, abs=0.1), -60], "it falls and nothing comes after"
    page.close()
