"""What browsers send to the page's server: requests over the WebSocket, and the addresses and headers that it is opened with.

The first byte says which. A request answered as valid must be one of the three kinds, its numbers finite.
"""

from __future__ import annotations

import json
import math

from fuzz.target import Target
from th_face_renderer.display import page_guard as guard
from th_face_renderer.display import page_protocol as protocol

NAMES = guard.own_names("robot.example")


def run(data: bytes) -> str:
    """Parse one request, one binary message, or one pair of Host and Origin."""
    kind, data = data[:1], data[1:]
    if kind == b"b":
        message = protocol.unpack(data)
        assert math.isfinite(message.present_at)
        return f"message {message.kind.name}"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "not text: aiohttp closes the socket"
    if kind == b"h":
        return _header(text)
    request = protocol.parse_request(text)
    if isinstance(request, protocol.Ping):
        json.loads(json.dumps({"t0": request.t0}))
        assert math.isfinite(request.t0)
    elif isinstance(request, protocol.Do):
        assert len(request.numbers) <= protocol.MAX_NUMBERS
        assert all(-1.0 <= number <= 1.0 for number in request.numbers)
    return f"request {type(request).__name__}"


def _header(text: str) -> str:
    host, _, origin = text.partition("\n")
    allowed = guard.host_allowed(host, NAMES)
    if allowed:
        assert not set(host) & set(" \t\r\n;,'\"<>@/\\"), "what is allowed stands in the content policy"
        guard.content_policy(host)
    return f"host {allowed}, origin {guard.origin_allowed(origin, host)}"


def _seeds() -> list[bytes]:
    requests = [
        {"type": "ping", "t0": 12.5},
        {"type": "sound", "on": True},
        {"type": "do", "action": "expression:joy", "numbers": [0.5]},
        {"type": "do", "action": "stop"},
    ]
    headers = ["localhost:8765\nhttp://localhost:8765", "[::1]:1\nnull", "127.0.0.1\nhttps://[::1]", "robot.example.\n"]
    code = protocol.pack_code([0.0] * 16, 3.0, tag=7)
    picture = protocol.pack_picture(b"\xff\xd8jpeg", 1.0)
    return [
        *(b"r" + json.dumps(request).encode() for request in requests),
        *(b"h" + header.encode() for header in headers),
        b"b" + code,
        b"b" + picture,
    ]


PAGE = Target(
    "page",
    "WebSocket requests and messages, Host and Origin headers",
    _seeds,
    run,
    ("th_face_renderer.display", "th_common"),
    (b'"type"', b'"numbers"', b"NaN", b"Infinity", b"1e999", b"-", b"\\u0000", b"[", b"{", b"9" * 40, b"xn--", b"%"),
    1024,
)
