"""Drive an ARKit-style avatar: 52 blendshape weights from facial codes, each at its time, served as JSON on this machine.

    python examples/avatar.py                          # http://127.0.0.1:8770/ the weights now, /stream 60 times a second
    python examples/avatar.py --print                  # and the strongest of them in the terminal

An avatar program reads /stream (server-sent events; in a browser `new EventSource(...)`) and sets its morph targets by name.
"""

import argparse
import contextlib
import json
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import rclpy
import rclpy.executors
from rclpy.node import Node
from th_msgs.msg import FacialCode

from th_common.default_model import find_model
from th_common.stamps import to_seconds
from th_face_renderer import load_face
from th_face_renderer.blendshapes import ARKIT, load_blendshapes

IDLE = 0.25  # s without a code after which the avatar rests


class Avatar(Node):
    """The code that is due now, as weights."""

    def __init__(self, model: str) -> None:
        super().__init__("avatar")
        found = load_blendshapes(find_model(model))
        if found is None:
            raise SystemExit("this model knows nothing of blendshapes: th blendshapes teaches them")
        self._map, self._rest = found, load_face(find_model(model)).rest_code
        self._codes: deque[tuple[float, np.ndarray]] = deque([(0.0, self._rest)], maxlen=1000)
        self.create_subscription(FacialCode, "face/code", self._hear, 1000)

    def _hear(self, code: FacialCode) -> None:
        self._codes.append((to_seconds(code.present_at), np.array([*code.shape, *code.appearance])))

    def weights(self) -> dict[str, float]:
        now = self.get_clock().now().nanoseconds * 1e-9
        due, code = next((c for c in reversed(list(self._codes)) if c[0] <= now), (0.0, self._rest))
        weights = self._map.weights(code if now - due < IDLE else self._rest)
        return {name: round(float(weight), 4) for name, weight in zip(ARKIT, weights, strict=True)}


def serve(avatar: Avatar, port: int) -> ThreadingHTTPServer:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stream = self.path == "/stream"
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream" if stream else "application/json")
            self.end_headers()
            if not stream:
                self.wfile.write(json.dumps(avatar.weights()).encode())
                return
            try:
                while True:
                    self.wfile.write(f"data: {json.dumps(avatar.weights())}\n\n".encode())
                    time.sleep(1 / 60)
            except OSError:
                pass  # the reader has left

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main() -> None:
    options = argparse.ArgumentParser(description="ARKit's 52 weights of a running graph.")
    options.add_argument("--model", default="", help="whose codes they are; empty: the default face")
    options.add_argument("--port", type=int, default=8770, help="0: any free one")
    options.add_argument("--print", action="store_true", help="the strongest weights, ten times a second")
    chosen = options.parse_args()
    rclpy.init()
    avatar = Avatar(chosen.model)
    server = serve(avatar, chosen.port)
    print(f"serving http://127.0.0.1:{server.server_port}/ and /stream", flush=True)
    if chosen.print:
        avatar.create_timer(0.1, lambda: print(_strongest(avatar.weights()), flush=True))
    with contextlib.suppress(KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        rclpy.spin(avatar)


def _strongest(weights: dict[str, float], count: int = 5) -> str:
    named = sorted(weights.items(), key=lambda item: -item[1])[:count]
    return "  ".join(f"{name} {weight:.2f}" for name, weight in named)


if __name__ == "__main__":
    main()
