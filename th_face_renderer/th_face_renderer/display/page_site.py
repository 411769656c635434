"""What the page's server serves over HTTP: the files of `web/`, the socket's door, and counters at /stats."""

from __future__ import annotations

import errno
import hashlib
import html
import re
import socket
from collections.abc import Awaitable, Callable, Collection
from importlib import resources
from typing import TYPE_CHECKING, Any

from aiohttp import web

from th_common.errors import InputError
from th_face_renderer.display import page_guard as guard
from th_face_renderer.display import page_protocol as protocol
from th_face_renderer.display.page_door import Door, open_door
from th_face_renderer.display.page_face import PageFace
from th_face_renderer.display.page_token import TokenGate

if TYPE_CHECKING:
    from th_face_renderer.display.page import PageServer

_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
_COLOUR = re.compile(r"#[0-9A-Fa-f]{3,8}|[A-Za-z]{3,30}")


class Site:
    """The files, filled in with title, colour and size, and the greeting that the socket begins with.

    InputError if the background is not a CSS colour (#rgb, #rrggbb or a name) or the buffer not 0 to 5 s.
    """

    def __init__(
        self,
        *,
        title: str,
        size: tuple[int, int],
        background: str,
        buffer: float,
        names: Collection[str],
        page: PageServer,
        face: PageFace | None = None,
        backdrop: bytes = b"",
        gate: TokenGate | None = None,
    ) -> None:
        if not _COLOUR.fullmatch(background):
            raise InputError(f"The background must be a colour like #102030, not {background!r}.")
        if not 0.0 <= buffer <= 5.0:
            raise InputError(f"The page's buffer must be 0 to 5 s, not {buffer}.")
        self.page = page
        self._gate = gate
        self.names = guard.own_names(*names)
        self._buffer = buffer
        files = {file.name: file.read_text("utf-8") for file in (resources.files("th_face_renderer") / "web").iterdir()}
        self.blobs: dict[str, bytes] = {}
        if face is not None:
            self.blobs[face.name] = face.data
        self._backdrops: dict[str, bytes] = {}
        backdrop_name = self.offer_backdrop(backdrop)
        self._face_name = "" if face is None else face.name
        height, width = size
        filled = {
            "$title": html.escape(title),
            "$background": background,
            "$width": str(int(width)),
            "$height": str(int(height)),
            "$backdrop": backdrop_name,
        }
        # The page carries this hash and reloads itself when the server, started anew, has another.
        contents = [f"{name}\0{files[name]}\0" for name in sorted(files)]
        self.build = hashlib.sha256("".join(contents + list(filled.values())).encode()).hexdigest()[:12]
        filled["$build"] = self.build
        filled["$face"] = self._face_name
        for name in ("index.html", "operator.html", "face.css"):
            files[name] = re.sub("|".join(map(re.escape, filled)), lambda m: filled[m[0]], files[name])
        self.files = files

    def offer_backdrop(self, picture: bytes) -> str:
        """Serve a picture file under a name that changes with its contents, and the one before it; the name, empty for none."""
        if not picture:
            return ""
        name = f"backdrop-{hashlib.sha256(picture).hexdigest()[:16]}"
        latest = list(self._backdrops.items())[-1:]
        self._backdrops = {**dict(latest), name: picture}
        return name

    def hello(self) -> dict[str, Any]:
        """The greeting of a new viewer."""
        return {
            "type": "hello",
            "protocol": protocol.VERSION,
            "build": self.build,
            "buffer": self._buffer,
            "face": self._face_name,
        }

    def application(self) -> web.Application:
        """The routes. Everything else is 404, every other method 405."""
        behind = [] if self._gate is None else [self._gate.guard]
        app = web.Application(middlewares=[self._guard, *behind], client_max_size=1024)
        app.router.add_get("/", self._file("index.html"))
        app.router.add_get("/operator", self._file("operator.html"))
        app.router.add_get("/stats", self._stats)
        app.router.add_get("/socket", self.page.welcome)
        for name in self.files:
            if not name.endswith(".html"):
                app.router.add_get(f"/{name}", self._file(name))
        app.router.add_get("/{name:backdrop-[0-9a-f]{16}}", self._backdrop)
        for name, data in self.blobs.items():
            app.router.add_get(f"/{name}", self._blob(data))
        return app

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        authority = request.headers.get("Host", "")
        if not guard.host_allowed(authority, self.names):
            return self._fence(web.Response(status=421, text="This page is not served under that name."), "localhost")
        if not guard.origin_allowed(request.headers.get("Origin"), authority):
            return self._fence(web.Response(status=403, text="Another site may not use this page."), authority)
        try:
            response = await handler(request)
        except web.HTTPException as answer:
            self._fence(answer, authority)
            raise
        return response if response.prepared else self._fence(response, authority)

    @staticmethod
    def _fence(response: web.StreamResponse, authority: str) -> web.StreamResponse:
        for name, value in guard.HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["Content-Security-Policy"] = guard.content_policy(authority)
        return response

    def _file(self, name: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        kind = _TYPES.get(name[name.rfind(".") :], "application/octet-stream")

        async def answer(_: web.Request) -> web.Response:
            return web.Response(text=self.files[name], content_type=kind, charset="utf-8")

        return answer

    async def _backdrop(self, request: web.Request) -> web.Response:
        picture = self._backdrops.get(request.match_info["name"])
        if picture is None:
            raise web.HTTPNotFound
        return await self._blob(picture)(request)

    @staticmethod
    def _blob(data: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
        kind = "application/octet-stream"
        for start, name in ((b"\xff\xd8", "image/jpeg"), (b"\x89PNG", "image/png")):
            kind = name if data.startswith(start) else kind

        async def answer(_: web.Request) -> web.Response:
            # Its name changes with its contents, so that a browser may keep it.
            keep = {"Cache-Control": "private, max-age=31536000, immutable"}
            return web.Response(body=data, content_type=kind, headers=keep)

        return answer

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response(self.page.stats())


async def open_site(site: Site, host: str, port: int) -> tuple[Door, int]:
    """Listen; the door to close later, and the port (of the system's choosing where 0 was asked). OSError."""
    door = await open_door(site.application(), host, port)
    return door, door.port


def page_url(host: str, port: int) -> str:
    """The address to type into a browser on this machine."""
    if host in ("", "0.0.0.0", "::"):
        host = "localhost"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def address_problem(host: str, port: int, error: Exception) -> str:
    """Why the page cannot be served there, in one sentence."""
    number = getattr(error, "errno", None)
    nowhere = number == errno.EADDRNOTAVAIL or "could not bind on any address" in str(
        error
    )  # Python 3.13 keeps the number back
    if isinstance(error, socket.gaierror) or nowhere:
        return f"The page cannot be served at {host}: that is not an address of this machine."
    if number == errno.EADDRINUSE:
        return f"The page cannot be served at port {port} of {host}: another program is using it."
    if number == errno.EACCES:
        return f"The page cannot be served at port {port}: ports below 1024 need more rights."
    if isinstance(error, OverflowError):
        return f"The page cannot be served at port {port}: a port is a number from 0 to 65535."
    return f"The page cannot be served at {host}, port {port}: {error}."
