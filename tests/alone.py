"""Tests in a process of their own: where a peer is killed, the middleware of those that heard it may crash with it."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ALONE = "TH_TEST_ALONE"
CRASHES = (-11, -6, 139, 134)
"""Exit statuses of a test process that a segmentation fault or an abort has ended."""


def alone(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test in another pytest, and again, at most three times, where that one crashes (a failure is a failure).

    After a `kill -9` of a peer, destroying an rclpy node of the test's own has crashed now and then (rclpy 7.1 on Fast DDS 2.14, with
    shared memory and without).
    """

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        if os.environ.get(ALONE):
            test(*args, **kwargs)
            return
        node = os.environ["PYTEST_CURRENT_TEST"].rsplit(" ", 1)[0]
        for _ in range(3):
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", node],
                cwd=Path(__file__).resolve().parent.parent,
                env=os.environ | {ALONE: "1"},
                capture_output=True,
                text=True,
                timeout=300,
            )
            if done.returncode not in CRASHES:
                break
        print(done.stdout)
        if done.returncode:
            pytest.fail(done.stdout[-6000:] + done.stderr[-3000:], pytrace=False)

    return run
