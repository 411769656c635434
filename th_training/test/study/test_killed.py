"""Answers that the server said it has are there after `kill -9`, and people go on where they were."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from th_training.study.store import Store
from th_training.study.study import ANSWERS, Study

PEOPLE, BEFORE = 4, 30  # answers in all until the server is killed


def test_no_answer_is_lost_when_the_server_is_killed(folder: Path, study: Study, serve: Callable[..., Any]) -> None:
    server = serve(folder)
    kept: dict[str, list[dict[str, str]]] = {}
    count = 0

    async def take_part(http: aiohttp.ClientSession, url: str, token: str | None, until: int) -> None:
        """Answer until so many answers are kept in all, or the server is gone."""
        nonlocal count
        try:
            if token is None:
                async with http.post(f"{url}/api/people", json={"agreed": True}) as response:
                    state = await response.json()
                token = state["person"]
                kept[token] = []
            else:
                async with http.get(f"{url}/api/trial", headers={"X-Person": token}) as response:
                    state = await response.json()
                # What is on the disk may be one more than what was said to be
                assert state.get("finished") or state["trial"] - len(kept[token]) in (0, 1)
                if not state.get("finished") and state["trial"] > len(kept[token]):
                    kept[token].append({})
            while not state.get("finished") and count < until:
                answer = {q["name"]: q["options"][len(kept[token]) % 2]["value"] for q in state["questions"]}
                if state["kind"] == "sound":
                    answer = {"tones": "3"}
                body = {"trial": state["trial"], "answer": answer, "plays": 1, "seconds": 1}
                async with http.post(f"{url}/api/answers", json=body, headers={"X-Person": token}) as response:
                    state = await response.json()
                    assert response.status == 200
                kept[token].append(answer)
                count += 1
                if count == BEFORE:
                    server.kill()
        except (aiohttp.ClientError, ConnectionError):
            assert count >= BEFORE

    async def all_of_them(url: str, tokens: list[str | None], until: int) -> None:
        async with aiohttp.ClientSession() as http:
            await asyncio.gather(*(take_part(http, url, token, until) for token in tokens))

    asyncio.run(all_of_them(server.url, [None] * PEOPLE, 10_000))
    assert count >= BEFORE
    again = serve(folder, server.port)
    asyncio.run(all_of_them(again.url, [*kept], 10_000))
    assert again.stop() == 0
    store = Store(folder / ANSWERS, study.digest)
    people = store.people()
    store.close()
    assert len(people) == PEOPLE
    assert all(person.finished for person, _ in people)
    written = [[dict(said.answer) for said in answers] for _, answers in people]
    for answers in kept.values():
        assert any(
            len(answers) == len(own) and all(not a or a == b for a, b in zip(answers, own, strict=True))
            for own in written
        )
