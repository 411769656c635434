"""Run fuzz targets one after the other and print a table; build/fuzz/fuzz.json keeps it.

usage: python -m fuzz [TARGET ...] --minutes 10      (all targets without names)
Exit status 1 if there was a finding. Inputs that found something lie in build/fuzz/TARGET, beside the corpus that the next run goes on with.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "fuzz"
_COVERED = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)")
GRACE = 120.0  # s beyond its minutes that a target may take to start and to end


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--minutes", type=float, default=10.0, help="for each target")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.targets if name not in TARGETS]
    if unknown:
        parser.error(f"there is no target {unknown[0]!r}: there are {', '.join(TARGETS)}")
    table = {}
    print(f"{'target':12}{'inputs':>10}{'per s':>8}{'outcomes':>10}{'edges':>7}{'findings':>10}  engine", flush=True)
    for name in arguments.targets or TARGETS:
        row = table[name] = _run(name, arguments.minutes, arguments.seed)
        rate = row["inputs"] / max(row["seconds"], 0.1)
        edges, engine, found = row["edges"] or "-", row["engine"], len(row["findings"])
        print(
            f"{name:12}{row['inputs']:10}{rate:8.0f}{len(row['outcomes']):10}{edges:>7}{found:10}  {engine}", flush=True
        )
        for place, text in row["findings"].items():
            print(f"    {place}: {text}", flush=True)
    (OUT / "fuzz.json").write_text(json.dumps(table, indent=1))
    return int(any(row["findings"] for row in table.values()))


def _run(name: str, minutes: float, seed: int) -> dict:
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tally.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "fuzz.one", name, str(folder), "--minutes", str(minutes), "--seed", str(seed)]
    log = folder / "log"
    with log.open("w") as output:
        try:
            limit = 60 * minutes + GRACE
            done = subprocess.run(command, cwd=ROOT, stdout=output, stderr=output, env=_environment(), timeout=limit)
            ended = done.returncode
        except subprocess.TimeoutExpired:
            ended = 124
    tally = folder / "tally.json"
    row: dict = {"engine": "?", "inputs": 0, "seconds": 0.0, "outcomes": {}, "findings": {}}
    if tally.is_file():
        row.update(json.loads(tally.read_text()))
    text = log.read_text(errors="replace")
    if ended:
        last = [line for line in text.splitlines() if "ERROR" in line or "Error" in line][-1:]
        row["findings"].update({f"ended with status {ended}": f"{' '.join(last)[:200]} (see {log})"})
    covered = _COVERED.findall(text)
    row["edges"] = int(covered[-1][0]) if covered else 0
    return row


def _environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


if __name__ == "__main__":
    raise SystemExit(main())
