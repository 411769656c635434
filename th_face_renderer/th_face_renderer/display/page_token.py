"""A token that browsers must show before they see, hear or operate the face.

Where one is set, everything is behind it: whoever shows it may operate the face from anywhere, nobody else gets more than a refusal.
A browser shows it once, in the address (`http://robot:8765/operator?token=...`); it is then kept in a cookie that no script reads, and
taken out of the address. Programs send it with the address or as `Authorization: Bearer ...`.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from th_common.errors import InputError
from th_face_renderer.display.page_guard import is_this_machine

SHORTEST, LONGEST = 16, 256  # characters: what nobody guesses, and what fits into an address
COOKIE = "face-token"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def read_token(path: str) -> str:
    """The token that a file holds, one line of 16 to 256 printable ASCII characters; "" for no path.

    Raises:
        InputError: the file cannot be read, others may read it, or it holds something else.
    """
    if not path:
        return ""
    file = Path(path).expanduser()
    try:
        mode = file.stat().st_mode
        with file.open("rb") as opened:
            data = opened.read(LONGEST + 2)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputError(f"the page's token cannot be read from {str(file)!r}: {reason}") from None
    if os.name == "posix" and mode & 0o077:
        raise InputError(f"others can read the page's token: chmod 600 {str(file)!r}")
    return checked_token(data.strip())


def checked_token(data: bytes) -> str:
    """A token as text. InputError, which does not repeat it, if it is too short or long, or not printable without blanks."""
    if not SHORTEST <= len(data) <= LONGEST or not all(33 <= byte < 127 for byte in data):
        raise InputError(f"a token for the page is {SHORTEST} to {LONGEST} printable characters without blanks")
    return data.decode("ascii")


def exposed(host: str) -> bool:
    """Whether a page served at `host` can be reached from other machines."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.lower() != "localhost"
    return not is_this_machine(host)


class TokenGate:
    """Lets nobody by who does not show the token."""

    def __init__(self, token: str) -> None:
        checked_token(token.encode())
        self._digest = _digest(token)

    def shown(self, request: web.Request) -> bool:
        """Whether a request shows it: in its address, its cookie or its Authorization header."""
        bearer = request.headers.get("Authorization", "")
        given = [request.query.get("token"), request.cookies.get(COOKIE)]
        given.append(bearer.removeprefix("Bearer ") if bearer.startswith("Bearer ") else None)
        # Digests have one length and are compared in constant time, so that the time tells nothing of the token.
        return any(hmac.compare_digest(_digest(word), self._digest) for word in given if word)

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """To the handler, or a refusal; a browser that shows the token in the address is sent on with a cookie instead."""
        if not self.shown(request):
            raise web.HTTPUnauthorized(
                text="This page needs its token: open it once with ?token=... behind its address.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        token = request.query.get("token")
        if token is None or "text/html" not in request.headers.get("Accept", ""):
            return await handler(request)
        rest = request.rel_url.without_query_params("token")
        # A path of two slashes would be another machine's address.
        response = web.HTTPSeeOther("/" + str(rest).lstrip("/"))
        if hmac.compare_digest(_digest(token), self._digest):
            # Lax: a link from elsewhere may open the page; the socket is for the page itself alone, whatever the cookie.
            response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", path="/", secure=request.secure)
        raise response


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
