"""What avatar programs hear: packets of the VMC protocol read back, and a small program that shows them.

usage: python -m th_face_renderer.avatar.listen [--port 39539]
"""

from __future__ import annotations

import argparse
import socket
import time
from collections.abc import Sequence

from pythonosc.osc_bundle import OscBundle, ParseError
from pythonosc.osc_message import OscMessage

from th_common.errors import InputError
from th_face_renderer.avatar.vmc import PORT

BAD_PACKETS = (ParseError, ValueError, IndexError, UnicodeDecodeError)


def read(datagram: bytes) -> list[tuple[str, list[object]]]:
    """Addresses and arguments of the messages in a bundle.

    Raises:
        InputError: it is no bundle of OSC messages.
    """
    if not OscBundle.dgram_is_bundle(datagram):
        raise InputError(f"{len(datagram)} bytes are no OSC bundle")
    try:
        return [(part.address, list(part.params)) for part in OscBundle(datagram) if isinstance(part, OscMessage)]
    except BAD_PACKETS as error:
        raise InputError(f"{len(datagram)} bytes are no bundle of OSC messages ({error})") from None


class Applied:
    """What an avatar would show: values by name, in force from each /VMC/Ext/Blend/Apply on."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.time = float("nan")
        """The sender's, s."""
        self.frames = 0
        self._coming: dict[str, float] = {}

    def take(self, datagram: bytes) -> None:
        """One datagram, in the order in which it came; what is not of the protocol is left out.

        Raises:
            InputError: see `read`.
        """
        for address, arguments in read(datagram):
            if address == "/VMC/Ext/Blend/Apply":
                self.values, self._coming = self._coming, {}
                self.frames += 1
                continue
            match address, arguments:
                case "/VMC/Ext/T", [float(seconds), *_]:
                    self.time = seconds
                case "/VMC/Ext/Blend/Val", [str(name), float(value), *_]:
                    self._coming[name] = value


def main(arguments: Sequence[str] | None = None) -> int:
    """Print, twice a second, how many frames came and what is strongest in the newest, until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Listen on this machine as an avatar program does (VMC protocol).")
    parser.add_argument("--port", type=int, default=PORT)
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", parser.parse_args(arguments).port))
    listener.settimeout(0.5)
    applied, shown, frames = Applied(), time.monotonic(), 0
    print(f"listening on {listener.getsockname()}", flush=True)
    try:
        while True:
            try:
                applied.take(listener.recv(65535))
            except InputError as error:
                print(error)
            except TimeoutError:
                pass
            now = time.monotonic()
            if now - shown >= 0.5:
                strongest = sorted(applied.values.items(), key=lambda item: -item[1])[:5]
                words = "  ".join(f"{name} {value:.2f}" for name, value in strongest)
                print(f"{(applied.frames - frames) / (now - shown):4.0f} frames per s  {words}", flush=True)
                shown, frames = now, applied.frames
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
