"""The server asks one trial after the other, tells nothing of what is shown, and refuses what is no answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from th_training.study.design import Plan
from th_training.study.questions import QUESTIONS
from th_training.study.site import LARGEST, Site
from th_training.study.store import Store
from th_training.study.study import ANSWERS, KEY, Study

TOKEN = "a-token-of-a-study"


def visit(folder: Path, study: Study, what: Callable[[TestClient, Store], Awaitable[None]], **options: Any) -> None:
    """A client of a site."""

    async def run() -> None:
        store = Store(folder / ANSWERS, study.digest)
        site = Site(folder, study, store, **options)
        async with TestClient(TestServer(site.application())) as client:
            await what(client, store)
        store.close()

    asyncio.run(run())


async def begin(client: TestClient) -> tuple[dict[str, str], dict[str, Any]]:
    response = await client.post("/api/people", json={"agreed": True})
    assert response.status == 201
    state = await response.json()
    return {"X-Person": state["person"]}, state


def any_answer(state: dict[str, Any]) -> dict[str, Any]:
    chosen = {q["name"]: q["options"][-1]["value"] for q in state["questions"]}
    return {"trial": state["trial"], "answer": chosen, "plays": 1, "seconds": 1.5}


def test_from_the_first_trial_to_the_last(folder: Path, study: Study) -> None:
    async def walk(client: TestClient, store: Store) -> None:
        who, state = await begin(client)
        said = [json.dumps(state)]
        kinds = []
        while "finished" not in state:
            kinds.append(state["kind"])
            body = any_answer(state)
            if state["kind"] == "sound":
                wrong = await client.post("/api/answers", json=body, headers=who)
                assert "listen once more" in (await wrong.json())["wrong"]
                body["answer"] = {"tones": "3"}
            response = await client.post("/api/answers", json=body, headers=who)
            assert response.status == 200
            again = await client.post("/api/answers", json=body, headers=who)  # a double click
            assert again.status == 200
            state = await response.json()
            assert await again.json() == state
            assert await (await client.get("/api/trial", headers=who)).json() == state
            said.append(json.dumps(state))
        ((person, answers),) = store.people()
        assert person.finished
        assert [a.trial for a in answers] == list(range(len(kinds)))
        assert kinds == [t.kind for t in Plan.from_json(person.plan).trials]
        # No method in anything that is sent, nor which answer a check wants but in its own words
        words = "".join([*said, *[await (await client.get(p)).text() for p in ("/", "/study.js", "/api/study")]])
        assert not any(method in words for method in study.methods)
        assert not any(key in "".join(said) for key in ("expected", "check", "method", "sentence"))

    visit(folder, study, walk)


def test_what_is_no_answer_is_refused_and_not_kept(folder: Path, study: Study) -> None:
    good = {"trial": 0, "answer": {"emotion": "fear"}, "plays": 1, "seconds": 1.0}
    bad: list[Any] = [None, [], "words", {}, {**good, "more": 1}, {k: v for k, v in good.items() if k != "plays"}]
    bad += [{**good, "trial": t} for t in (-1, 10_000, True, 0.0, "0", None, 10**40)]
    bad += [{**good, "plays": n} for n in (-1, 1e3, 10_001, None, "1")]
    bad += [{**good, "seconds": s} for s in (-1, float("nan"), float("inf"), 1e9, "1", None)]
    answers = [None, "fear", {}, {"emotion": "rage"}, {"emotion": ["fear"]}, {"emotion": {}}, {"choice": "left"}]
    bad += [{**good, "answer": a} for a in [*answers, {"emotion": "fear", "more": 1}, {"emotion": None}]]

    async def attack(client: TestClient, store: Store) -> None:
        who, _ = await begin(client)
        for body in bad:
            data = json.dumps(body)
            response = await client.post("/api/answers", data=data, headers={**who, "Content-Type": "application/json"})
            assert (response.status, "error" in await response.json()) == (400, True), body
        kind = {"Content-Type": "application/json"}
        for data, status in ((b"{", 400), (b"\xff\xfe", 400), (b"[" * 1900, 400), (b" " * (LARGEST + 1), 413)):
            response = await client.post("/api/answers", data=data, headers={**who, **kind})
            assert response.status == status
        assert (await client.post("/api/answers", data="a=1", headers=who)).status == 415
        for nobody in ({}, {"X-Person": "x"}, {"X-Person": "x" * 65}):
            for method, path in (("GET", "/api/trial"), ("POST", "/api/answers"), ("DELETE", "/api/people")):
                response = await client.request(method, path, json=good, headers=nobody)
                assert response.status == 401
        for agreed in ({}, {"agreed": False}, {"agreed": 1.5}, [True]):
            assert (await client.post("/api/people", json=agreed)).status == 400
        late = await client.post("/api/answers", json={**good, "trial": 1}, headers=who)
        assert late.status in (400, 409)
        ((person, kept),) = store.people()
        assert (person.answered, kept) == (0, [])

    visit(folder, study, attack)


def test_only_the_page_and_the_videos_are_served(folder: Path, study: Study) -> None:
    async def look(client: TestClient, _: Store) -> None:
        video = await client.get(f"/stimuli/{study.sound}.mp4", headers={"Range": "bytes=0-2"})
        assert (video.status, await video.read()) == (206, b"not")
        page = await client.get("/")
        assert "media-src 'self'" in page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        for path in (
            f"/{KEY}",
            f"/{ANSWERS}",
            "/stimuli/",
            f"/stimuli/{'0' * 32}.mp4",
            f"/stimuli/..%2f{KEY}",
            "/consent.txt",
        ):
            assert (await client.get(path)).status == 404
        for method, path in (("PUT", "/api/answers"), ("POST", "/"), ("DELETE", "/api/trial")):
            assert (await client.request(method, path)).status == 405
        for headers, status in (({"Host": "evil.example"}, 421), ({"Origin": "http://evil.example"}, 403)):
            assert (await client.post("/api/people", json={"agreed": True}, headers=headers)).status == status

    visit(folder, study, look)


def test_an_answer_that_cannot_be_stored_is_not_said_to_be(folder: Path, study: Study) -> None:
    async def full(client: TestClient, store: Store) -> None:
        who, state = await begin(client)
        store._base.execute("PRAGMA query_only = ON")  # as a disk that takes no more
        response = await client.post("/api/answers", json=any_answer(state), headers=who)
        assert (response.status, "cannot be stored" in await response.text()) == (503, True)
        store._base.execute("PRAGMA query_only = OFF")
        assert (await client.post("/api/answers", json=any_answer(state), headers=who)).status == 200

    visit(folder, study, full)


def test_whoever_wants_to_is_forgotten(folder: Path, study: Study) -> None:
    async def leave(client: TestClient, store: Store) -> None:
        who, state = await begin(client)
        await client.post("/api/answers", json=any_answer(state), headers=who)
        assert (await client.delete("/api/people", headers=who)).status == 200
        assert (await client.get("/api/trial", headers=who)).status == 401
        assert store.people() == []

    visit(folder, study, leave)


def test_a_study_by_invitation(folder: Path, study: Study) -> None:
    async def come(client: TestClient, _: Store) -> None:
        for path in ("/", "/api/study", f"/stimuli/{study.sound}.mp4"):
            assert (await client.get(path)).status == 401
        assert (await client.get("/", params={"token": TOKEN}, headers={"Accept": "text/html"})).status == 200
        await begin(client)  # by the cookie

    visit(folder, study, come, token=TOKEN)


def test_the_choices_are_those_that_are_checked(study: Study) -> None:
    """Every option that a page offers is an answer that is taken."""
    for questions in QUESTIONS.values():
        for question in questions:
            assert set(question.labels) == set(question.options)
