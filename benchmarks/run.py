"""Run every benchmark beside this file, print a table, write build/bench.json (flat keys, the machine named).

Each benchmark is a script that prints one JSON object of flat keys; it measures itself and its peer in the same run.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "build" / "bench.json"


def machine() -> dict[str, str]:
    """Processor, cores, system and Python, for the head of the table."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return {
        "machine": f"{cpu}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def main(names: list[str]) -> int:
    scripts = sorted(p for p in HERE.glob("*.py") if p.name != "run.py" and (not names or p.stem in names))
    result: dict[str, object] = dict(machine())
    print("{machine}, Python {python}".format(**result))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    failed = []
    for script in scripts:
        done = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment)
        if done.returncode:
            failed.append(script.stem)
            continue
        figures = json.loads(done.stdout.strip().splitlines()[-1])
        result.update(figures)
        for key, value in figures.items():
            shown = f"{value:12.3f}" if isinstance(value, float) else f"{value!s:>12}"
            print(f"  {key:36} {shown}", flush=True)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written to {OUT.relative_to(HERE.parent)}" + (f"; FAILED: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
