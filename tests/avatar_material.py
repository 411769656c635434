"""Makes tests/data/avatar.npz: what avatar_bridge said to an avatar program, and the codes that it said it of.

    python -m tests.avatar_material

The composed graph plays the example recording to a socket on loopback. Kept: packets as they came, one after the other, with their
lengths; the codes due meanwhile; the map from codes to weights (the model's may be learnt anew).
"""

from __future__ import annotations

import socket
from pathlib import Path

import numpy as np

from tests.graph import face_graph, listening
from th_common.default_model import default_model_folder
from th_common.stamps import to_seconds
from th_face_renderer.blendshapes import load_blendshapes

RECORDING = Path(__file__).parent / "data" / "avatar.npz"
SKIP, SECONDS = 0.5, 1.5  # of the speech


def record() -> tuple[list[bytes], np.ndarray]:
    """Packets, and the codes (T, 16) that were due from the first to the last one."""
    with listening() as (graph, listener), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        program.bind(("127.0.0.1", 0))
        program.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        program.setblocking(False)
        avatar = f"127.0.0.1:{program.getsockname()[1]}"
        given = ("--ros-args", "-p", "avatar_bridge:idle_life:=false", "-p", "face_predictor:presentation_delay:=1.0")
        packets: list[bytes] = []

        def take() -> bool:
            try:
                while True:
                    packets.append(program.recv(65535))
            except BlockingIOError:
                return False

        def now() -> float:
            take()
            return listener.get_clock().now().nanoseconds * 1e-9

        with face_graph("--source", "example", "--avatar", avatar, *given) as run:
            assert graph.wait(lambda: bool(listener.codes), 60.0), run.output
            begin = to_seconds(listener.codes[0].present_at) + SKIP
            assert graph.wait(lambda: now() > begin, 10.0)
            packets.clear()
            assert graph.wait(lambda: now() > begin + SECONDS, 10.0)
    kept = [c for c in listener.codes if begin + 0.05 < to_seconds(c.present_at) < begin + SECONDS - 0.05]
    return packets, np.array([[*c.shape, *c.appearance] for c in kept], np.float32)


def main() -> None:
    packets, codes = record()
    found = load_blendshapes(default_model_folder())
    assert found is not None
    joined = np.frombuffer(b"".join(packets), np.uint8)
    lengths = np.array([len(packet) for packet in packets], np.int32)
    np.savez_compressed(RECORDING, packets=joined, lengths=lengths, codes=codes, coefficients=found.coefficients)
    print(f"{len(packets)} packets, {len(codes)} codes, {RECORDING.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
