"""The way to an avatar program: UDP, to this machine unless told otherwise."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

from th_common.errors import DeviceError, InputError


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT" or "[IPV6]:PORT".

    Raises:
        InputError: it is neither.
    """
    host, colon, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not colon or not host or not (port.isascii() and port.isdigit()) or not 1 <= int(port) <= 65535:
        raise InputError(f"{text[:80]!r} is not an address like 127.0.0.1:39539")
    return host, int(port)


class Link:
    """A socket that sends to one address.

    Raises:
        InputError: what is given is no address.
        DeviceError: there is no such machine, or no way to it.
    """

    def __init__(self, address: str) -> None:
        host, port = parse_address(address)
        try:
            family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, kind, protocol)
        except (OSError, UnicodeError) as error:
            raise DeviceError(f"avatar program at {address[:80]}: {error}") from None
        try:
            self._socket.setblocking(False)
            self._socket.connect(place)  # so that the machine there may say that nobody listens
        except OSError as error:
            self._socket.close()
            raise DeviceError(f"avatar program at {address[:80]}: {error}") from None
        self.address = f"[{place[0]}]:{port}" if family == socket.AF_INET6 else f"{place[0]}:{port}"
        self.local = ipaddress.ip_address(str(place[0]).partition("%")[0]).is_loopback
        self.sent = 0
        """Datagrams that left."""
        self.unheard = 0
        """Datagrams that did not leave: the machine there had said that nobody listens, or there was no way to it."""
        self.problem = ""
        """What was wrong with the newest; empty: nothing that anybody complained of."""

    def send(self, datagrams: Sequence[bytes]) -> None:
        """Send them in order; whoever does not listen yet gets the next ones."""
        self.problem = ""
        for datagram in datagrams:
            try:
                self._socket.send(datagram)
                self.sent += 1
            except ConnectionRefusedError:
                self.unheard += 1
                self.problem = "nobody listens"
            except OSError as error:  # a network that is down for a while, a queue that is full
                self.unheard += 1
                self.problem = error.strerror or str(error)

    def close(self) -> None:
        """Send no more."""
        self._socket.close()
