"""How far the face is with speech."""

from __future__ import annotations

import pytest

from th_audio_io.progress import PATIENCE, Progress

RATE = 1000


def sent(duration: float = 1.0, until: int = 1200) -> Progress:
    progress = Progress(duration)
    for first in range(0, until, 100):
        progress.sent(50.0 + first / RATE, first, 100, RATE)
    return progress


def test_it_is_spoken_when_it_is_presented_and_finished_with_its_last_frame() -> None:
    progress = sent()
    assert (progress.begin, progress.end) == (50.0, pytest.approx(51.0))
    assert progress.spoken(50.5) == 0.0, "sent, but nobody knows when it is presented"
    progress.code(49.9, 0.3)  # of sound before it
    assert progress.spoken(50.5) == 0.0
    progress.code(50.1, 0.3)
    assert progress.spoken(50.5) == pytest.approx(0.2)
    assert progress.spoken(99.0) == 1.0
    progress.code(50.999, 0.3)
    assert not progress.finished(51.29)
    assert progress.finished(51.30)
    progress.code(51.2, 0.4)
    assert progress.finished(51.30), "silence behind it does not move its end"


def test_the_end_may_lie_within_a_chunk() -> None:
    assert sent(0.95).end == pytest.approx(50.95)
    assert sent(2.0).end is None


@pytest.mark.parametrize("delay", [-0.1, 10.1, float("nan"), float("inf")])
def test_impossible_delays_are_not_believed(delay: float) -> None:
    progress = sent()
    progress.code(51.1, delay)
    assert not progress.finished(1e9)
    assert progress.failure(60.0)


def test_it_says_when_the_face_will_not_finish() -> None:
    progress = sent()
    assert progress.failure(51.0 + 0.9 * PATIENCE) == ""
    assert "no facial codes" in progress.failure(51.1 + PATIENCE)
    progress.code(50.4, 2.0)
    assert progress.failure(51.1 + PATIENCE) == "", "its picture is not due yet"
    assert "the first 0.40 s only" in progress.failure(52.5 + PATIENCE)
    progress.code(51.0, 2.0)
    assert progress.failure(99.0) == ""
