"""Run the tests of the runtime's cores on every Python found here and on two generations of numpy and its kin: build/matrix, one table.

usage: python scripts/matrix.py [--only 3.12-numpy2 ...] [--python PATH ...]
Each cell is a virtual environment with what the running graph needs of PyPI, without ROS and without torch (the graph needs no torch);
tests that import either, or want a browser, are left to `make test`. Interpreters: python3.10 to python3.14 on PATH, those of pyenv, and --python.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "matrix"
PACKAGES = ("th_common", "th_audio_io", "th_audio_features", "th_face_predictor", "th_face_renderer")
VERSIONS = tuple(f"3.{minor}" for minor in range(10, 15))
GENERATIONS = {
    "noble": ("numpy==1.26.4", "opencv-python==4.6.0.66", "scipy==1.11.4", "aiohttp==3.9.1", "PyYAML==6.0.1"),
    "numpy2": ("numpy>=2", "opencv-python", "scipy", "aiohttp", "PyYAML"),
}
"""What apt brings on Ubuntu 24.04 (Jazzy, Kilted); and the newest there is, numpy 2 or later as on 26.04 (Lyrical)."""
NEEDS = (
    "setuptools<80",
    "pysptk",
    "python_speech_features",
    "soxr",
    "soundfile",
    "sounddevice",
    "av",
    "safetensors",
    "python-osc",
)
"""What comes from PyPI on every robot (docs/install.md)."""
TOOLS = ("pytest==8.3.5", "hypothesis")
ELSEWHERE = {"rclpy", "torch", "domain_coordinator", "launch", "th_training"}
"""What tests of `make test` import and those of a cell do not."""
NODES = re.compile(r"(.*[._])?(node|ros_intake|images)|th_common\.testing|.*_msgs(\.\w+)*")
"""Modules that import rclpy."""


@dataclass(frozen=True)
class Cell:
    """One interpreter with one generation of packages."""

    version: str
    generation: str
    python: Path

    @property
    def name(self) -> str:
        return f"{self.version}-{self.generation}"

    @property
    def possible(self) -> bool:
        """Whether there are wheels of that generation for that Python: numpy 1.26 was made for 3.9 to 3.12."""
        return self.generation == "numpy2" or int(self.version.split(".")[1]) <= 12


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", metavar="CELL", help="cells like 3.12-numpy2")
    parser.add_argument("--python", nargs="*", type=Path, default=[], help="further interpreters")
    options = parser.parse_args()
    cells = [Cell(v, n, p) for v, p in sorted(interpreters(options.python).items()) for n in GENERATIONS]
    chosen = [cell for cell in cells if cell.possible and (not options.only or cell.name in options.only)]
    if not chosen:
        parser.error(f"no such cell; there are {', '.join(cell.name for cell in cells if cell.possible)}")
    tests = core_tests()
    print(f"{len(tests)} test files of {', '.join(PACKAGES)}", flush=True)
    rows = []
    for cell in chosen:
        rows.append(run(cell, tests))
        print(f"{cell.name:14}numpy {rows[-1]['numpy']:10}{rows[-1]['result']}", flush=True)
    (OUT / "matrix.json").write_text(json.dumps(rows, indent=1))
    return int(any(row["status"] for row in rows))


def interpreters(more: list[Path]) -> dict[str, Path]:
    """Version -> interpreter, the first that starts."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: dict[str, Path] = {}
    for version in VERSIONS:
        candidates = [p for p in more if p.exists()]
        candidates += sorted(pyenv.glob(f"{version}.*/bin/python{version}"), reverse=True)
        on_path = shutil.which(f"python{version}")
        candidates += [Path(on_path)] if on_path else []
        for candidate in candidates:
            code = "import sys; print('%d.%d' % sys.version_info[:2])"
            answer = subprocess.run([str(candidate), "-c", code], capture_output=True, text=True)
            if answer.returncode == 0 and answer.stdout.strip() == version:
                found[version] = candidate
                break
    return found


def core_tests() -> list[str]:
    """Test files that need neither ROS nor torch."""
    files = [file for package in PACKAGES for file in sorted((ROOT / package / "test").rglob("test_*.py"))]
    return [str(file.relative_to(ROOT)) for file in files if not foreign(file)]


def foreign(file: Path) -> bool:
    """Whether a test imports what a cell does not have."""
    text = file.read_text()
    if re.search(
        r"browser: |testing_browser", text
    ):  # what the page's scripts do in Chromium has nothing to do with Python
        return True
    for node in ast.walk(ast.parse(text)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        if any(name.split(".")[0] in ELSEWHERE or NODES.fullmatch(name) for name in names):
            return True
    return False


def run(cell: Cell, tests: list[str]) -> dict:
    """Make the cell's environment, once, and run the tests in it."""
    folder = OUT / cell.name
    python, stamp, log = folder / "bin" / "python", folder / ".complete", OUT / f"{cell.name}.log"
    wanted = (*GENERATIONS[cell.generation], *NEEDS, *TOOLS)
    OUT.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        if not stamp.is_file() or stamp.read_text() != repr(wanted):
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([str(cell.python), "-m", "venv", str(folder)], check=True)
            # pysptk is built here: without isolation it finds this cell's numpy, Cython and setuptools
            for names in (("setuptools<80", "wheel", "Cython", wanted[0]), wanted):
                install = [str(python), "-m", "pip", "install", "-q", "--no-build-isolation", *names]
                if subprocess.run(install, stdout=output, stderr=output).returncode:
                    return _row(cell, "?", 2, f"not installable ({log.relative_to(ROOT)})")
            stamp.write_text(repr(wanted))
        paths = os.pathsep.join(str(ROOT / package) for package in (*PACKAGES, "th_training"))
        environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
        version = subprocess.run(
            [str(python), "-c", "import numpy; print(numpy.__version__)"],
            capture_output=True,
            text=True,
            env=environment,
        ).stdout.strip()
        begin = time.monotonic()
        command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run([*command, *tests], cwd=ROOT, env=environment, stdout=output, stderr=output)
    last = log.read_text(errors="replace").strip().splitlines()[-1].strip("= ")
    return _row(cell, version, done.returncode, re.sub(r" in [\d.]+s.*", "", last), time.monotonic() - begin)


def _row(cell: Cell, numpy: str, status: int, result: str, seconds: float = 0.0) -> dict:
    return {"cell": cell.name, "numpy": numpy, "status": status, "result": result, "seconds": round(seconds, 1)}


if __name__ == "__main__":
    sys.exit(main())
