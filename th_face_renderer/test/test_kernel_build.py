"""scripts/build.py and the kernel: only what loads is put in place, in one step, and what was damaged is built again."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "build.py"

if shutil.which("cc") is None or not SCRIPT.is_file():
    pytest.skip("needs a C compiler and the source tree", allow_module_level=True)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with a copy of the renderer's sources as its tree."""
    spec = importlib.util.spec_from_file_location("build_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    package = tmp_path / "th_face_renderer"
    shutil.copytree(ROOT / package.name, package, ignore=shutil.ignore_patterns("test", "web", "*.so", "__pycache__"))
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setenv("CFLAGS", "-O0")
    return module


def test_a_damaged_kernel_is_built_again_and_a_broken_one_never_put_in_place(
    build: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    module = build.ROOT / "th_face_renderer" / "th_face_renderer"
    built = module / "_kernel.abi3.so"
    now = build.build_kernel(None)
    assert build.loads(built)
    first = built.stat().st_mtime_ns
    assert build.build_kernel(now) == now
    assert built.stat().st_mtime_ns == first

    whole = built.read_bytes()
    built.write_bytes(whole[:8000])
    assert not build.loads(built)
    build.build_kernel(now)
    assert build.loads(built)
    assert sorted(p.name for p in module.glob("*.so*")) == [built.name]

    for source in module.rglob("*.c"):
        source.write_text("void th_interface(void) { no_such_function(")
    assert build.build_kernel(now) != now
    assert not built.exists()
    assert "no C kernel" in capfd.readouterr().out
