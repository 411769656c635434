"""Who may see the page: checks against DNS rebinding and foreign sites, and the headers that fence the page in.

A site on the internet can make a browser on this network talk to us, either across origins (the WebSocket carries the
site's Origin) or by pointing its own name at our address (the Host is that name). So a Host must be an address, this
machine's name, or a name the operator allowed; an Origin, where there is one, must be the Host.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "talking-face",
    "X-Content-Type-Options": "nosniff",
}


def own_names(*more: str) -> frozenset[str]:
    """Names under which this machine may be asked for, lower case: localhost, its host name, and `more`."""
    name = socket.gethostname().lower()
    return frozenset({"localhost", name, f"{name.split('.')[0]}.local", *(m.lower() for m in more if m)})


def host_allowed(authority: str, names: Collection[str]) -> bool:
    """Whether a Host header (name or address, with or without port) is one of ours."""
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        return False
    host = match["host"].strip("[]").lower()
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.removesuffix(".") in names
    return True


def is_this_machine(address: str | None) -> bool:
    """Whether a connection comes from here: its address is a loopback one."""
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def origin_allowed(origin: str | None, authority: str) -> bool:
    """Whether the page that opens the socket came from us; programs that are not browsers send no Origin."""
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == authority.lower()


def content_policy(authority: str) -> str:
    """The Content-Security-Policy: nothing but our own files, and our own socket."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' ws://{authority} wss://{authority}; "
        "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
