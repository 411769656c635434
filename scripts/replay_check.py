"""Does a bag say the same at every pace, on either clock, in one process and in several? `make replay-check [BAG=]`.

Prints one line per run: its codes, and whether they are those of the computation without a graph, to the bit.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.graph import node_process
from tests.replay_material import BAG
from th_common.testing import ros_domain
from th_training.diff.codes import Codes, read_codes

ROOT = Path(__file__).resolve().parent.parent
RATES = ("1", "2", "0.5", "0")
NODES = ("th_face_predictor.node", "th_audio_features.node")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bag", type=Path, default=BAG)
    parser.add_argument("--rates", nargs="+", default=list(RATES))
    parser.add_argument("--processes", nargs="+", default=["one", "several"], choices=["one", "several"])
    options = parser.parse_args()
    wanted = read_codes(options.bag, compute=True)
    print(f"{options.bag.name}: {len(wanted.stamps)} codes without a graph", flush=True)
    bad = 0
    for processes in options.processes:
        for clock in ("system", "/clock"):
            for rate in options.rates:
                begin = time.monotonic()
                told, heard = _run(options.bag, rate, clock == "/clock", processes == "several")
                verdict = told or _compare(wanted, heard)
                bad += verdict != "the same"
                name = f"rate {rate:>4}, {clock:>6} clock, {processes:>7} process(es)"
                print(f"{name}: {verdict} ({time.monotonic() - begin:.0f} s)", flush=True)
    return int(bad > 0)


def _run(bag: Path, rate: str, clock: bool, several: bool) -> tuple[str, Codes | None]:
    """What went wrong (empty: nothing), and the codes."""
    with tempfile.TemporaryDirectory() as folder, ros_domain():
        out = Path(folder) / "out"
        command = ["-m", "th_bringup.replay", "--bag", str(bag), "--rate", rate, "--record", str(out)]
        command += ["--clock"] if clock else []
        if not several:
            return _read(_finish([*command, "--graph"]), out)
        given = ["deterministic:=true", f"use_sim_time:={str(clock).lower()}"]
        config = str(ROOT / "config" / "face.yaml")
        predictor, features = (node_process(module, config, *given) for module in NODES)
        with predictor, features:
            return _read(_finish(command), out)


def _finish(command: Sequence[str]) -> str:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=600)
    return "" if not done.returncode else (done.stderr.strip().splitlines() or ["failed"])[-1]


def _read(told: str, out: Path) -> tuple[str, Codes | None]:
    return (told, None) if told else ("", read_codes(out))


def _compare(wanted: Codes, heard: Codes | None) -> str:
    assert heard is not None
    if not np.array_equal(wanted.stamps, heard.stamps):
        return f"{len(heard.stamps)} codes, at other times"
    worst = float(np.abs(wanted.codes - heard.codes).max())
    return "the same" if np.array_equal(wanted.codes, heard.codes) else f"other codes, by {worst:.2g} sd at most"


if __name__ == "__main__":
    raise SystemExit(main())
