"""Build the workspace with colcon, only what changed since the last build.

Python packages are imported from the source tree (scripts/env.sh), so that only interfaces, manifests, entry points and installed
files need a build: a digest of those decides. The renderer's C kernel is built beside its source as well, for the same reason.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = ROOT / "build" / ".digests"
SKIP = {"__pycache__", "test"}
ROOT_PARTS = {
    "bringup",
    "config",
    "launch",
    "models",
}  # of the root package; everything else there is other packages or tools


def packages() -> dict[str, Path]:
    """Name and folder of every package, the root one last."""
    folders = sorted(p.parent for pattern in ("th_*/package.xml", "underlay/*/package.xml") for p in ROOT.glob(pattern))
    return {**{folder.name: folder for folder in folders}, "th_bringup": ROOT}


def digest(folder: Path) -> str:
    """Digest of a package's path and content."""
    result = hashlib.sha256(str(folder).encode() + sys.version.encode())
    for where, folders, files in os.walk(folder):
        path = Path(where)
        kept = ROOT_PARTS if path == ROOT else set(folders) - SKIP
        folders[:] = sorted(f for f in folders if f in kept and not f.endswith(".egg-info"))
        for file in sorted(f for f in files if not f.endswith(".so")):
            result.update(f"{path / file}".encode())
            result.update((path / file).read_bytes())
    return result.hexdigest()


def build_kernel(before: str | None) -> str:
    """Build the face renderer's C kernel in place unless it is as `before`; returns the digest of what it is made of.

    Without a C compiler the renderer draws with numpy and OpenCV; that is said and is no failure.
    """
    package, module = ROOT / "th_face_renderer", ROOT / "th_face_renderer" / "th_face_renderer"
    sources = (package / "setup.py", *sorted(module.rglob("*.[ch]")))
    now = hashlib.sha256(b"".join([str(module).encode(), *(source.read_bytes() for source in sources)])).hexdigest()
    built = module / "_kernel.abi3.so"
    if now != before or not loads(built):
        scratch = ROOT / "build" / "kernel"
        shutil.rmtree(scratch, ignore_errors=True)
        command = [sys.executable, "setup.py", "-q", "build_ext"]
        command += ["--build-temp", str(scratch / "objects"), "--build-lib", str(scratch)]
        done = subprocess.run(command, cwd=package, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        fresh = scratch / "th_face_renderer" / built.name
        if loads(fresh):
            # In one step, so that a face that starts meanwhile never finds half a file.
            beside = built.with_name(f".{os.getpid()}{built.name}")
            shutil.copy2(fresh, beside)
            os.replace(beside, built)
        else:
            built.unlink(missing_ok=True)
            reason = (done.stdout.strip().splitlines() or ["no message"])[-1]
            print(f"build: no C kernel, faces are drawn with numpy and OpenCV, slower ({reason})", flush=True)
    return now


def loads(kernel: Path) -> bool:
    """Whether a build of the kernel can be loaded; asked in a process of its own, which a damaged file may kill."""
    code = "import ctypes, sys; ctypes.CDLL(sys.argv[1]).th_interface()"
    return (
        kernel.is_file()
        and not subprocess.run([sys.executable, "-c", code, str(kernel)], capture_output=True).returncode
    )


def build_packages(changed: list[str]) -> int:
    """colcon build; returns its exit status."""
    print(f"build: {', '.join(changed)}", flush=True)
    command = ["colcon", "build", "--event-handlers", "console_direct-", "desktop_notification-"]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "COLCON_LOG_LEVEL": "error"}
    environment["COLCON_DEFAULTS_FILE"] = str(ROOT / "colcon_defaults.yaml")
    done = subprocess.run([*command, "--packages-select", *changed], cwd=ROOT, env=environment)
    if done.returncode:
        print("build: colcon failed; its log is in log/latest_build", file=sys.stderr)
    return done.returncode


def main() -> int:
    now = {name: digest(folder) for name, folder in packages().items()}
    before: dict[str, str] = {}
    if STAMP.is_file():
        before = dict(line.split(" ", 1) for line in STAMP.read_text().splitlines())
    kernel = build_kernel(before.get("kernel"))
    installed = ROOT / "install"
    changed = [name for name, value in now.items() if before.get(name) != value or not (installed / name).is_dir()]
    if changed and (failed := build_packages(changed)):
        return failed
    if changed or kernel != before.get("kernel"):
        STAMP.parent.mkdir(exist_ok=True)
        STAMP.write_text("".join(f"{name} {value}\n" for name, value in {**now, "kernel": kernel}.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
