"""config/face.yaml lists every parameter of every node, and nothing else, with values that the nodes accept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from tests.conftest import NODES
from th_common.table_node import COMMON_PARAMETERS


def _config(root: Path) -> dict[str, dict[str, Any]]:
    raw = yaml.safe_load((root / "config" / "face.yaml").read_text())
    return {key.removeprefix("/**/"): section["ros__parameters"] for key, section in raw.items()}


def test_every_node_has_its_section(root: Path, node_entries: dict[str, Any]) -> None:
    assert set(_config(root)) == set(node_entries)


@pytest.mark.parametrize("node", NODES)
def test_values_are_those_of_the_table(root: Path, node_entries: dict[str, Any], node: str) -> None:
    table = {p.name: p for p in COMMON_PARAMETERS + node_entries[node].load().parameters}
    given = _config(root)[node]
    common = {p.name for p in COMMON_PARAMETERS}
    assert set(given) - set(table) == set(), "parameters that the node does not declare"
    assert set(table) - set(given) - common == set(), "parameters missing from config/face.yaml"
    assert [reason for name, value in given.items() if (reason := table[name].refuse(value))] == []


def test_entry_points_exist(root: Path, node_entries: dict[str, Any]) -> None:
    for name, entry in node_entries.items():
        setup = (root / entry.package / "setup.py").read_text()
        assert f"{name} = {entry.module}:main" in setup
        assert callable(__import__(entry.module, fromlist=["main"]).main)


def test_the_parameter_page_is_the_tables(root: Path) -> None:
    from scripts.parameter_docs import text

    assert (root / "docs" / "parameters.md").read_text() == text(), "run make docs"
