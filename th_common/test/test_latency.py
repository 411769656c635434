"""Stage times, and what diagnostics say of them."""

from __future__ import annotations

import pytest

from th_common.health import Health
from th_common.latency import REMEMBERED, StageTimes, read_stage


def test_percentiles_of_the_last_times() -> None:
    times = StageTimes()
    assert times.percentiles("render") is None
    times.add("render", float("nan"))
    assert times.percentiles("render") is None
    times.add("render", 9.0)
    for n in range(REMEMBERED):
        times.add("render", n / 1000)
    assert times.percentiles("render") == pytest.approx((0.2995, 0.56905, 0.59301))


def test_what_is_written_can_be_read() -> None:
    times, health = StageTimes(), Health()
    times.add("wait", 0.0123)
    times.write(health)
    health.set("frames", 12)
    health.set("latency odd ms", "1 2")
    health.set("latency broken ms", "a b c")
    read = [read_stage(k, v) for k, v in health.snapshot().values.items()]
    assert [stage for stage in read if stage] == [("wait", (12.3, 12.3, 12.3))]
