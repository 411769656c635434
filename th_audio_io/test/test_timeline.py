"""When the sound of a capture time is due, as codes say it."""

from __future__ import annotations

import pytest

from th_audio_io.timeline import Timeline


def test_nothing_is_known_before_the_first_code_and_it_holds_for_all_times() -> None:
    timeline = Timeline()
    assert timeline.delay(5.0) is None
    assert timeline.learn(10.0, 10.3)
    assert not timeline.learn(10.1, 10.4)
    assert [timeline.delay(t) for t in (5.0, 10.0, 20.0)] == pytest.approx([0.3] * 3)
    timeline.clear()
    assert timeline.delay(10.0) is None


def test_a_change_is_taken_where_the_face_takes_it() -> None:
    timeline = Timeline()
    for n in range(10):
        timeline.learn(10.0 + n / 60, 10.3 + n / 60)
    assert timeline.learn(10.0 + 10 / 60, 10.4 + 10 / 60)
    assert timeline.delay(10.0 + 9 / 60) == pytest.approx(0.3)
    assert timeline.delay(10.0 + 9.5 / 60) == pytest.approx(0.35)
    assert timeline.delay(10.0 + 10 / 60) == pytest.approx(0.4)
    assert timeline.delay(19.0) == pytest.approx(0.4)


def test_a_slow_change_is_followed_and_memory_is_bounded() -> None:
    timeline = Timeline()
    for n in range(60 * 600):
        timeline.learn(n / 60, n / 60 + 0.3 + 1e-4 * n)
    assert timeline.delay(599.0) == pytest.approx(0.3 + 1e-4 * 599 * 60, abs=3e-4)
    assert len(timeline._points) < 60 * 70


def test_a_stream_that_begins_again_forgets_the_future() -> None:
    timeline = Timeline()
    timeline.learn(100.0, 100.3)
    timeline.learn(5.0, 200.0)
    assert timeline.delay(6.0) == pytest.approx(195.0)
    assert timeline.delay(14.0) == pytest.approx(195.0)


@pytest.mark.parametrize("ahead", [1000.0, -1000.0])
def test_another_clock_is_not_judged_by_the_codes_of_the_one_before(ahead: float) -> None:
    """Who speaks first is 1000 s off; the first sound of the next must not be taken for 1000 s late or early."""
    timeline = Timeline()
    for k in range(120):
        timeline.learn(1000.0 + ahead + k / 60, 1000.3 + k / 60)
    assert timeline.delay(1000.0 + ahead + 2.5) == pytest.approx(0.3 - ahead)
    assert timeline.delay(1005.0) is None
    timeline.learn(1005.0, 1005.3)
    assert timeline.delay(1005.1) == pytest.approx(0.3)
