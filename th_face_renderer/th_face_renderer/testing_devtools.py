"""The wire to a browser under test: the DevTools protocol over aiohttp, called from ordinary blocking code."""

from __future__ import annotations

import asyncio
import concurrent.futures
import itertools
import threading
from collections.abc import Coroutine
from typing import Any

import aiohttp


class Devtools:
    """The socket of one browser, in a thread of its own. `errors` lists what went wrong in the pages, by session."""

    def __init__(self, url: str) -> None:
        self.errors: dict[str, list[str]] = {}
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="devtools", daemon=True)
        self._thread.start()
        self._run(self._connect(url))

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """One command and its answer; AssertionError if the browser refuses it."""
        return self._run(self._call(method, session, params))

    def close(self) -> None:
        """Hang up."""
        self._run(self._disconnect())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout=30.0)
        except concurrent.futures.TimeoutError as error:
            future.cancel()
            raise AssertionError("The browser did not answer for 30 s.") from error

    async def _connect(self, url: str) -> None:
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(url, max_msg_size=0)
        self._reader = asyncio.create_task(self._read())

    async def _disconnect(self) -> None:
        await self._socket.close()
        await self._reader
        await self._http.close()

    async def _call(self, method: str, session: str | None, params: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        await self._socket.send_json(message)
        return await answer

    async def _read(self) -> None:
        async for frame in self._socket:
            message = frame.json()
            answer = self._answers.pop(message.get("id", 0), None)
            if answer is None:
                self._note(message)
            elif "error" in message:
                answer.set_exception(AssertionError(message["error"]["message"]))
            elif not answer.done():
                answer.set_result(message["result"])
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(AssertionError("The browser has gone."))

    def _note(self, event: dict[str, Any]) -> None:
        text = None
        if event.get("method") == "Runtime.exceptionThrown":
            details = event["params"]["exceptionDetails"]
            text = details.get("exception", {}).get("description", details["text"])
        elif event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
            text = event["params"]["entry"]["text"]
        if text is not None:
            self.errors.setdefault(event.get("sessionId", ""), []).append(text)
