"""The page of the whole graph in a real browser: it draws the face, which moves, and schedules the sound with it."""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from tests.graph import face_graph, listening
from th_common.default_model import default_model_folder
from th_face_renderer import load_face
from th_face_renderer.plain import psnr
from th_face_renderer.testing_browser import Chromium, find_browser

pytestmark = pytest.mark.skipif(find_browser() is None, reason="no Chromium on this machine (make system-packages)")


def test_the_page_speaks() -> None:
    decoder = load_face(default_model_folder())
    rest = decoder.render(decoder.rest_code, size=(512, 512))
    with listening() as (graph, listener), face_graph("--loop", "true", "--display", "web", "--port", "0") as run:
        assert graph.wait(lambda: bool(listener.codes) and "the face is at" in run.output, 60.0), run.output
        found = re.search(r"http://127\.0\.0\.1:\d+/", run.output)
        assert found is not None
        with Chromium() as browser:
            page = browser.open(found.group(0) + "?kiosk", width=512, height=512)
            page.wait("window.thFace && thFace.stats.frames.drawn > 60 && thFace.stats.sound.scheduled > 60", 120.0)
            first = page.screenshot()[..., :3].astype(float)
            assert graph.wait(lambda: np.abs(page.screenshot()[..., :3] - first).mean() > 0.02, 60.0)
            stats = page.evaluate("thFace.stats")
            assert page.errors == []
            assert run.end() == 0, run.output
            # The stream is gone and the page goes to rest by itself, as the decoder draws it, but for the mark; a machine
            # that was too slow has drawn fewer pixels.
            page.wait("thFace.state === 'reconnecting'")

            def at_rest() -> bool:
                least = 40 if page.evaluate("thFace.stats.scale") == 1 else 30
                return psnr(page.screenshot()[64:], rest[64:]) > least

            assert graph.wait(at_rest, 60.0)
    assert (stats["look"], stats["face"], stats["frames"]["broken"]) == ("codes", decoder.model_id, 0)
    assert stats["sound"]["state"] == "running"
    # It is our face: away from the mouth it looks as the decoder draws it.
    assert np.abs(first[:200] - rest[:200]).mean() < 6.0
