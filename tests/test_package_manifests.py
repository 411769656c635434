"""package.xml files say what the code imports: nothing used is undeclared, nothing declared is unused."""

from __future__ import annotations

import ast
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

PACKAGES = (
    "th_common",
    "th_audio_io",
    "th_audio_features",
    "th_face_predictor",
    "th_face_renderer",
    "th_training",
)
# import name -> what package.xml calls it (rosdep key, or the pip name in <export><pip> where no key exists)
NAMES = {
    "numpy": "python3-numpy",
    "cv2": "python3-opencv",
    "aiohttp": "python3-aiohttp",
    "scipy": "python3-scipy",
    "matplotlib": "python3-matplotlib",
    "joblib": "python3-joblib",
    "yaml": "python3-yaml",
    "rich": "python3-rich",
    "typer": "python3-typer",
    "torch": "python3-torch",
    "sounddevice": "python3-sounddevice-pip",
    "soundfile": "python3-soundfile",
    "pocketsphinx": "python3-pocketsphinx-pip",
    "dlib": "python3-dlib-pip",
    "pythonosc": "python-osc",
}
# programs and libraries that are found by name at run time, not imported
NOT_IMPORTED = {"sdl2"}


def _imports(folder: Path) -> set[str]:
    names: set[str] = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names)


def _declared(root: Path, package: str) -> set[str]:
    tree = ElementTree.parse(root / package / "package.xml").getroot()
    ros = {e.text or "" for tag in ("depend", "exec_depend") for e in tree.iter(tag)}
    return ros | {e.text or "" for e in tree.iter("pip")}


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_are_declared_and_declarations_used(root: Path, package: str) -> None:
    used = {NAMES.get(name, name) for name in _imports(root / package / package)} - {package}
    declared = _declared(root, package)
    assert used - declared == set(), "imported, but not in package.xml"
    assert declared - used - NOT_IMPORTED == set(), "in package.xml, but not imported"


def test_what_the_product_promises_to_use_is_declared(root: Path) -> None:
    everything = set().union(*(_declared(root, p) for p in PACKAGES))
    bringup = {e.text for e in ElementTree.parse(root / "package.xml").getroot().iter("test_depend")}
    for name in (
        "rclpy",
        "python3-torch",
        "python3-numpy",
        "pysptk",
        "python_speech_features",
        "menpo",
        "python3-opencv",
        "sensor_msgs",
        "audio_common_msgs",
    ):
        assert name in everything
    assert "launch_pytest" in bringup


@pytest.mark.parametrize("package", PACKAGES[:-1])
def test_runtime_never_imports_training(root: Path, package: str) -> None:
    assert not _imports(root / package / package) & {"th_training", "menpo", "menpofit", "lightning", "matplotlib"}


@pytest.mark.parametrize("package", PACKAGES)
def test_licence_and_version_agree(root: Path, package: str) -> None:
    tree = ElementTree.parse(root / package / "package.xml").getroot()
    assert tree.findtext("license") == "Apache-2.0"
    assert f'version="{tree.findtext("version")}"' in (root / package / "setup.py").read_text()


# Keys that the nodes' packages use and that rosdep or a distribution (Jazzy to Rolling) has: looked up in rosdistro, docs/distributions.md.
KEYS = (
    "ament_cmake ament_cmake_python ament_index_python audio_common_msgs builtin_interfaces "
    "diagnostic_msgs domain_coordinator geometry_msgs launch launch_pytest launch_ros "
    "rcl_interfaces rclpy rosgraph_msgs rosidl_default_generators rosidl_default_runtime sensor_msgs std_msgs "
    "std_srvs action_msgs lifecycle_msgs unique_identifier_msgs python3-aiohttp python3-hypothesis "
    "python3-joblib python3-matplotlib python3-numpy python3-opencv python3-pocketsphinx-pip "
    "python3-pytest python3-rich python3-rosbags-pip python3-scipy python3-sounddevice-pip "
    "python3-soundfile python3-torch python3-typer python3-yaml sdl2 "
)


@pytest.mark.parametrize("package", ["", "th_msgs", *PACKAGES])
def test_rosdep_knows_every_key(root: Path, package: str) -> None:
    tree = ElementTree.parse(root / package / "package.xml").getroot()
    tags = ("depend", "build_depend", "buildtool_depend", "exec_depend", "test_depend")
    keys = {e.text or "" for tag in tags for e in tree.iter(tag)}
    assert {key for key in keys if not key.startswith("th_")} - set(KEYS.split()) == set(), "not looked up yet"
