"""The face in a browser: a small server in a thread of its own that pushes codes or pictures, and sound, each with its time.

A page that can draws the codes itself, with the face that it fetched once; the others are sent pictures. The page keeps its clock on
the server's and shows every code or picture, and plays every sample, at `present_at` plus one fixed page buffer, so that lips and
sound stay in step whatever the network did to their way.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from th_common.errors import DeviceError, InputError
from th_face_renderer.display import page_guard as guard
from th_face_renderer.display import page_protocol as protocol
from th_face_renderer.display.page_face import PageFace
from th_face_renderer.display.page_site import Site, address_problem, open_site, page_url
from th_face_renderer.display.page_token import TokenGate
from th_face_renderer.display.page_viewer import Action, Viewer
from th_face_renderer.layer import NEUTRAL, Layer

AT_ONCE = 0.05  # s after a stop in which the face does not wait for its time
PIECE = 0.1  # s: longer sound is sent in pieces, so that info and pictures get their turn

_log = logging.getLogger(__name__)


class PageServer:
    """Shows the face, and plays its voice, at every browser that asks. All methods are thread-safe.

    `show`, `show_code`, `play`, `info`, `note` and `estimate` only hand over: a slow viewer loses its oldest pictures, never the caller's time.
    `face` is what pages draw codes with; without one they all get pictures. `backdrop` is a picture file (JPEG or PNG) that
    fills the screen behind it.
    `actions` are what the operator's page has buttons for: a name (with a colon after the group's, as in "expression:joy") and
    what to do, called in the server's thread, so that it must only hand over; as an Action it takes numbers. They are offered to
    browsers on this machine, with `remote_actions` to all.
    `clock` gives the time in s that `present_at` is in (it is called from the server's thread). `buffer` is what the
    page adds to every `present_at` to wait for the network (the page's address may say otherwise: `?buffer=`, in ms).
    With a `token` (page_token) nobody gets anything who does not show it, and who does is offered the actions wherever he is.
    `allowed_hosts` are further names under which browsers may ask for the page (a reverse proxy's).
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 8765,
        title: str = "Talking face",
        size: tuple[int, int] = (512, 512),
        background: str = "#000000",
        clock: Callable[[], float] = time.time,
        buffer: float = 0.1,
        max_viewers: int = 16,
        allowed_hosts: Collection[str] = (),
        face: PageFace | None = None,
        backdrop: bytes = b"",
        actions: Mapping[str, Callable[[], None] | Action] | None = None,
        remote_actions: bool = False,
        token: str = "",
    ) -> None:
        self._site = Site(
            title=title,
            size=size,
            background=background,
            buffer=buffer,
            names=(host, *allowed_hosts),
            page=self,
            face=face,
            backdrop=backdrop,
            gate=TokenGate(token) if token else None,
        )
        self._face = face
        offered = (actions or {}).items()
        self._actions = {name: do if isinstance(do, Action) else Action(do) for name, do in offered}
        self._remote_actions = remote_actions or bool(token)
        self.clock = clock
        self.max_viewers = max_viewers
        self._address = (host, port)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping: asyncio.Event | None = None
        self._waking = False
        self._url = ""
        self._viewers: tuple[Viewer, ...] = ()  # replaced, never changed: other threads read it without a lock
        self._last: dict[protocol.Look, bytes] = {}
        self._stopped = -1e18
        self._info: str | None = None
        self._note: str | None = None
        self._started = 0.0
        self._counts = dict.fromkeys(
            ("viewers_seen", "viewers_refused", "requests_refused", "pictures", "codes", "sounds", "dropped_pictures"),
            0,
        ) | {"dropped_sounds": 0, "sent_bytes": 0}

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> str:
        """Serve from now on; the page's address. DeviceError if the address is wrong or the port is taken."""
        with self._lock:
            if self._thread is not None:
                return self._url
            ready: concurrent.futures.Future[str] = concurrent.futures.Future()
            thread = threading.Thread(target=self._run, args=(ready,), name="face-page", daemon=True)
            thread.start()
            try:
                self._url = ready.result()
            except (OSError, OverflowError) as error:
                thread.join()
                raise DeviceError(address_problem(*self._address, error)) from error
            self._thread = thread
            return self._url

    def stop(self) -> None:
        """Say goodbye to the viewers and free the port. Harmless when not started; `start` works again after."""
        with self._lock:
            thread, self._thread = self._thread, None
            loop, stopping = self._loop, self._stopping
            if thread is None or loop is None or stopping is None:
                return
            self._loop = None
            loop.call_soon_threadsafe(stopping.set)
        thread.join(timeout=5.0)

    @property
    def url(self) -> str:
        """Where the page is; empty before `start`."""
        return self._url

    @property
    def viewers(self) -> int:
        """How many pages are open now."""
        return len(self._viewers)

    def looking(self, look: protocol.Look) -> int:
        """How many of them want pictures, or codes."""
        return sum(viewer.look is look for viewer in self._viewers)

    @property
    def listeners(self) -> int:
        """How many of them have their sound on."""
        return sum(viewer.outbox.listening for viewer in self._viewers)

    def set_backdrop(self, picture: bytes) -> str:
        """Offer another picture file to fill the screen behind the face; its name for `info`, where pages hear of it. Empty: none."""
        return self._site.offer_backdrop(picture)

    # -- what is shown ---------------------------------------------------------------------------------------------

    def show(self, jpeg: bytes, present_at: float) -> None:
        """A picture (a JPEG file) due at `present_at`. InputError if it is empty or its time is not finite."""
        self._counts["pictures"] += 1
        self._send(protocol.Look.PICTURES, protocol.pack_picture(jpeg, present_at, still=self._at_once))

    def show_code(self, code: NDArray[np.floating], present_at: float, *, layer: Layer = NEUTRAL) -> None:
        """A facial code (N,) and what lies over it, due at `present_at`. InputError if it is none, or this page has no face to draw it with."""
        if self._face is None:
            raise InputError("This page has no face to draw codes with.")
        self._counts["codes"] += 1
        message = protocol.pack_code(code, present_at, layer=layer, tag=self._face.tag, still=self._at_once)
        self._send(protocol.Look.CODES, message)

    @property
    def _at_once(self) -> bool:
        return time.monotonic() - self._stopped < AT_ONCE

    def _send(self, look: protocol.Look, message: bytes) -> None:
        self._last[look] = message
        for viewer in self._viewers:
            if viewer.look is look:
                viewer.outbox.put_picture(message)
        self._wake()

    def play(self, samples: NDArray[np.floating], rate: int, present_at: float) -> None:
        """Mono sound (N,), float in [-1, 1] at `rate` Hz, its first sample due at `present_at`. InputError if it is not."""
        samples, present_at = protocol.checked_sound(samples, rate), protocol.finite_time(present_at)
        self._counts["sounds"] += 1
        if not self.listeners:
            return
        size = max(1, int(rate * PIECE))
        for start in range(0, len(samples), size):
            piece = samples[start : start + size]
            message = protocol.pack_sound(piece, rate, present_at + start / rate)
            for viewer in self._viewers:
                viewer.outbox.put_sound(message, len(piece) / rate)
        self._wake()

    def hush(self) -> None:
        """Forget what is on its way or waits in the pages: silence, and the next face is shown at once."""
        self._stopped = time.monotonic()
        for viewer in self._viewers:
            viewer.outbox.put_stop(protocol.STOP)
        self._wake()

    def info(self, values: Mapping[str, object]) -> None:
        """Small values for the page's panel; under `badge`, a word that stands quietly in the corner."""
        self._info = protocol.pack_info(values)
        for viewer in self._viewers:
            viewer.outbox.put_info(self._info)
        self._wake()

    def note(self, values: Mapping[str, object]) -> None:
        """What became of an action, small values for the operators' pages; who comes later is told, too."""
        self._note = protocol.pack_info(values, kind="note")
        for viewer in self._viewers:
            if viewer.estimate:
                viewer.outbox.put_note(self._note)
        self._wake()

    @property
    def readers(self) -> int:
        """How many operators' pages want to know what the voice expresses."""
        return sum(viewer.estimate for viewer in self._viewers)

    def estimate(self, values: Mapping[str, object]) -> None:
        """What the voice expresses, small values for the operators' pages."""
        text = protocol.pack_info(values, kind="estimate")
        for viewer in self._viewers:
            if viewer.estimate:
                viewer.outbox.put_estimate(text)
        self._wake()

    def stats(self) -> dict[str, Any]:
        """Counters since the server was made, and each viewer's own."""
        viewers = [viewer.stats() for viewer in self._viewers]
        return {
            "protocol": protocol.VERSION,
            "build": self._site.build,
            "uptime_s": round(time.monotonic() - self._started, 3),
            "viewers": len(viewers),
            "listeners": self.listeners,
            **{key: n + sum(viewer.get(key, 0) for viewer in viewers) for key, n in self._counts.items()},
            "each": viewers,
        }

    # -- the server's thread ---------------------------------------------------------------------------------------

    def _run(self, ready: concurrent.futures.Future[str]) -> None:
        try:
            asyncio.run(self._serve(ready))
        except Exception as error:  # the thread's last resort: whoever waits for it must hear
            if ready.done():
                _log.exception("The page's server ended unexpectedly.")
            else:
                ready.set_exception(error)

    async def _serve(self, ready: concurrent.futures.Future[str]) -> None:
        self._stopping = asyncio.Event()
        door, port = await open_site(self._site, *self._address)
        try:
            self._loop = asyncio.get_running_loop()
            self._started = time.monotonic()
            ready.set_result(page_url(self._address[0], port))
            await self._stopping.wait()
            await asyncio.gather(*(viewer.goodbye() for viewer in self._viewers))
        finally:
            with self._lock:
                self._loop = None
            await door.close()

    def _wake(self) -> None:
        with self._lock:
            if self._loop is None or self._waking or not self._viewers:
                return
            self._waking = True
            self._loop.call_soon_threadsafe(self._wake_viewers)

    def _wake_viewers(self) -> None:
        self._waking = False
        for viewer in self._viewers:
            viewer.wake()

    async def welcome(self, request: web.Request) -> web.StreamResponse:
        """One viewer, from the opening of its socket to the end."""
        if len(self._viewers) >= self.max_viewers:
            self._counts["viewers_refused"] += 1
            raise web.HTTPServiceUnavailable(text=f"There are {self.max_viewers} viewers already.")
        try:
            look = protocol.Look(request.query.get("face", "pictures"))
        except ValueError:
            raise web.HTTPBadRequest(text="A page is sent pictures or codes.") from None
        near = self._remote_actions or guard.is_this_machine(request.remote)
        actions = self._actions if near else {}
        # What somebody's voice expresses is for whoever operates the face, not for all who look at it.
        viewer = Viewer(self.clock, look, actions, estimate="estimate" in request.query and bool(actions))
        self._viewers = (*self._viewers, viewer)
        self._counts["viewers_seen"] += 1
        try:
            await viewer.open(request, self._site.hello())
            if self._info is not None:
                viewer.outbox.put_info(self._info)
            if self._note is not None and viewer.estimate:
                viewer.outbox.put_note(self._note)
            if look in self._last:
                viewer.outbox.put_picture(protocol.as_still(self._last[look]))
            return await viewer.serve()
        finally:
            self._viewers = tuple(other for other in self._viewers if other is not viewer)
            for key, number in viewer.stats().items():
                if key in self._counts:
                    self._counts[key] += int(number)
