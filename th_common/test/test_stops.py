"""Old is told from new by the number of the stop, in whatever order stops and frames arrive."""

from __future__ import annotations

from th_common.stops import IN_FLIGHT, Age, Stops


def test_what_began_before_a_stop_is_over() -> None:
    stops = Stops()
    assert stops.age(0, 10.0) is Age.CURRENT
    assert stops.stop(7, 10.0)
    assert stops.age(0, 10.1) is Age.OVER
    assert stops.age(7, 10.1) is Age.CURRENT
    assert stops.stop(5, 10.2)  # another machine's clock: the number is smaller, the stop is newer
    assert stops.age(7, 10.3) is Age.OVER
    assert stops.age(0, 10.3) is Age.OVER
    assert stops.age(5, 10.3) is Age.CURRENT


def test_a_frame_may_come_before_its_stop() -> None:
    stops = Stops()
    assert stops.age(7, 10.0) is Age.NEWER
    assert stops.stop(7, 10.0)
    assert not stops.stop(7, 10.01), "the stop itself comes a little later, and changes nothing"
    assert stops.age(7, 10.02) is Age.CURRENT
    assert stops.stop(8, 10.1)
    assert not stops.stop(7, 10.2), "an older stop that comes last"
    assert stops.newest == 8


def test_a_stream_that_knows_no_stops_speaks_again_after_a_moment() -> None:
    stops = Stops()
    stops.stop(7, 10.0)
    assert stops.age(0, 10.0 + IN_FLIGHT) is Age.CURRENT
    stops.stop(8, 20.0)
    assert stops.age(7, 20.0 + IN_FLIGHT) is Age.CURRENT


def test_many_stops_are_not_remembered_forever() -> None:
    stops = Stops()
    for n in range(1, 10_000):
        stops.stop(n, n * 0.1)
    assert len(stops._over) <= IN_FLIGHT / 0.1 + 1
