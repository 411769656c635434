"""The questionnaire over HTTP: the page, the videos, and one trial at a time. Nothing that is sent tells what a video is.

    GET    /api/study      title, consent text
    POST   /api/people     {"agreed": true} -> the token of a new person, and their first trial
    GET    /api/trial      the person's next trial (or that they are done)
    POST   /api/answers    {"trial", "answer", "plays", "seconds"} -> the next trial; on the disk before the reply
    DELETE /api/people     forget the person

A person is the header X-Person. What is wrong with a request is said in one sentence, status 4xx.
"""

from __future__ import annotations

import asyncio
import json
import math
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from th_common.errors import InputError
from th_face_renderer.display import page_guard as guard
from th_face_renderer.display.page_token import TokenGate
from th_training.study.design import Plan, Trial, plan
from th_training.study.questions import EMOTION, INTRODUCTIONS, SOUND, asked, checked
from th_training.study.store import Answer, Person, Store
from th_training.study.study import SILENT, VOICED, Study, read_consent, video_path

HEADER = "X-Person"
LARGEST = 2048  # bytes of a request
LONGEST_TOKEN = 64
MOST_PLAYS, MOST_SECONDS = 1000, 86_400.0
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """The routes of one study. Raises InputError where it has no consent text."""

    def __init__(
        self, folder: Path, study: Study, store: Store, *, names: Collection[str] = (), token: str = ""
    ) -> None:
        self._folder, self._study, self._store = folder, study, store
        self._names = guard.own_names(*names)
        self._gate = TokenGate(token) if token else None
        self._consent = read_consent(folder)
        self._tokens = frozenset(study.tokens)
        web_folder = resources.files(__package__) / "web"
        self._files = {file.name: file.read_text("utf-8") for file in web_folder.iterdir()}

    def application(self) -> web.Application:
        """The routes. Everything else is 404, every other method 405."""
        gate = [] if self._gate is None else [self._gate.guard]
        app = web.Application(middlewares=[self._guard, *gate], client_max_size=LARGEST)
        app.router.add_get("/", self._file("index.html"))
        for name in self._files:
            if not name.endswith(".html"):
                app.router.add_get(f"/{name}", self._file(name))
        app.router.add_get("/stimuli/{token:[0-9a-f]{32}}.mp4", self._video)
        app.router.add_get("/api/study", self._about)
        app.router.add_post("/api/people", self._begin)
        app.router.add_delete("/api/people", self._forget)
        app.router.add_get("/api/trial", self._trial)
        app.router.add_post("/api/answers", self._answer)
        return app

    # -- what is asked ---------------------------------------------------------------------------------------------

    async def _about(self, _: web.Request) -> web.Response:
        return web.json_response({"title": self._study.title, "consent": self._consent})

    async def _begin(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if body != {"agreed": True}:
            raise _refused(web.HTTPBadRequest, "Nobody takes part without agreeing.")
        try:
            token, person = await asyncio.to_thread(self._store.begin, lambda slot: plan(self._study, slot).to_json())
        except InputError as error:
            raise _refused(web.HTTPForbidden, str(error)) from error
        return web.json_response({"person": token, **self._next(person)}, status=201)

    async def _forget(self, request: web.Request) -> web.Response:
        if not await asyncio.to_thread(self._store.remove, _token(request)):
            raise _refused(web.HTTPUnauthorized, "There is nothing stored under this number.")
        return web.json_response({"forgotten": True})

    async def _trial(self, request: web.Request) -> web.Response:
        person = await asyncio.to_thread(self._store.find, _token(request))
        if person is None:
            raise _refused(web.HTTPUnauthorized, "There is nothing stored under this number.")
        return web.json_response(self._next(person))

    async def _answer(self, request: web.Request) -> web.Response:
        token, body = _token(request), await _body(request)
        person = await asyncio.to_thread(self._store.find, token)
        if person is None:
            raise _refused(web.HTTPUnauthorized, "There is nothing stored under this number.")
        trials = Plan.from_json(person.plan).trials
        said = _said(body, trials)
        if trials[said.trial].kind == SOUND and said.answer != trials[said.trial].expected:
            return web.json_response({**self._next(person), "wrong": "That was not right. Please listen once more."})
        person, kept = await asyncio.to_thread(self._store.answer, token, said, trials=len(trials))
        if person is None:  # deleted while this was on its way
            raise _refused(web.HTTPUnauthorized, "There is nothing stored under this number.")
        return web.json_response(self._next(person), status=200 if kept else 409)

    def _next(self, person: Person) -> dict[str, Any]:
        """The person's next trial, with nothing in it that tells what is shown."""
        own = Plan.from_json(person.plan)
        if person.answered >= len(own.trials):
            return {"finished": True}
        trial = own.trials[person.answered]
        kinds = list(dict.fromkeys(t.kind for t in own.trials))
        title, words = INTRODUCTIONS[trial.kind]
        return {
            "trial": person.answered,
            "trials": len(own.trials),
            "kind": trial.kind,
            "first": person.answered == 0 or own.trials[person.answered - 1].kind != trial.kind,
            "part": kinds.index(trial.kind) + 1,
            "parts": len(kinds),
            "title": title,
            "introduction": words,
            "videos": [f"/stimuli/{token}.mp4" for token in self._videos(trial)],
            "questions": asked(trial.kind, own.choices, trial.expected if trial.check else None),
        }

    def _videos(self, trial: Trial) -> list[str]:
        if trial.kind == SOUND:
            return [self._study.sound]
        kind = SILENT if trial.kind == EMOTION else VOICED
        return [self._study.videos[method][sentence][kind] for method, sentence in trial.shown]

    # -- files -----------------------------------------------------------------------------------------------------

    def _file(self, name: str) -> Handler:
        kind = _TYPES.get(Path(name).suffix, "application/octet-stream")

        async def answer(_: web.Request) -> web.Response:
            return web.Response(text=self._files[name], content_type=kind, charset="utf-8")

        return answer

    async def _video(self, request: web.Request) -> web.StreamResponse:
        token = request.match_info["token"]
        if token not in self._tokens:
            raise web.HTTPNotFound
        # Its name is its own for ever, so that a browser may keep it; ranges, which phones ask for, are FileResponse's
        keep = {"Cache-Control": "private, max-age=86400, immutable"}
        return web.FileResponse(video_path(self._folder, token), headers=keep)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """As the face's page: see `page_guard`."""
        authority = request.headers.get("Host", "")
        if not guard.host_allowed(authority, self._names):
            return _fenced(web.Response(status=421, text="This page is not served under that name."), "localhost")
        if not guard.origin_allowed(request.headers.get("Origin"), authority):
            return _fenced(web.Response(status=403, text="Another site may not use this page."), authority)
        try:
            return _fenced(await handler(request), authority)
        except web.HTTPException as answer:
            _fenced(answer, authority)
            raise
        except sqlite3.Error:  # disk full, a file that another program holds: the page tries again
            raise _fenced(_refused(web.HTTPServiceUnavailable, "The answer cannot be stored now."), authority) from None


_Response = TypeVar("_Response", bound=web.StreamResponse)


def _fenced(response: _Response, authority: str) -> _Response:
    if response.prepared:
        return response
    for name, value in guard.HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Content-Security-Policy"] = f"{guard.content_policy(authority)}; media-src 'self'"
    return response


def _token(request: web.Request) -> str:
    token = request.headers.get(HEADER, "")
    if not 0 < len(token) <= LONGEST_TOKEN:
        raise _refused(web.HTTPUnauthorized, f"The header {HEADER} says who answers.")
    return token


async def _body(request: web.Request) -> object:
    if request.content_type != "application/json":
        raise _refused(web.HTTPUnsupportedMediaType, "A request is JSON.")
    try:
        return json.loads(await request.read())
    except (ValueError, RecursionError):
        raise _refused(web.HTTPBadRequest, "The request is not JSON.") from None


def _said(body: object, trials: Sequence[Trial]) -> Answer:
    """The answer in a request. Raises HTTPBadRequest where it is none."""
    if not isinstance(body, dict) or set(body) != {"trial", "answer", "plays", "seconds"}:
        raise _refused(web.HTTPBadRequest, "An answer has trial, answer, plays and seconds, nothing else.")
    number, plays, seconds = body["trial"], body["plays"], body["seconds"]
    if type(number) is not int or not 0 <= number < len(trials):
        raise _refused(web.HTTPBadRequest, f"A trial is a number from 0 to {len(trials) - 1}.")
    if type(plays) is not int or not 0 <= plays <= MOST_PLAYS:
        raise _refused(web.HTTPBadRequest, f"Plays are a number from 0 to {MOST_PLAYS}.")
    if type(seconds) not in (int, float) or not (math.isfinite(seconds) and 0 <= seconds <= MOST_SECONDS):
        raise _refused(web.HTTPBadRequest, f"Seconds are a number from 0 to {MOST_SECONDS:g}.")
    try:
        answer = checked(trials[number].kind, body["answer"])
    except InputError as error:
        raise _refused(web.HTTPBadRequest, str(error)) from error
    return Answer(number, answer, plays, round(float(seconds), 2))


def _refused(kind: type[web.HTTPException], words: str) -> web.HTTPException:
    return kind(text=json.dumps({"error": words}), content_type="application/json")
