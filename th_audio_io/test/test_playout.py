"""Sound that leaves when it is due: the delay line, the device's schedule."""

from __future__ import annotations

import numpy as np
import pytest

from th_audio_io.intake import Chunk
from th_audio_io.playout import LATE, DelayLine, OutputSchedule

RATE = 16_000


def chunk(begin: float, count: int = 256, *, start: bool = False) -> Chunk:
    return Chunk(np.full(count, 0.5, np.float32), RATE, begin, start)


def test_delay_line_lets_go_in_time_and_in_small_pieces() -> None:
    line = DelayLine()
    line.put(chunk(10.0, 1600))
    assert line.due(10.19, 0.2) == []
    assert line.next_due(0.2) == pytest.approx(10.2)
    assert [p.time for p in line.due(10.2, 0.2)] == [10.0]
    assert [p.time for p in line.due(10.25, 0.2)] == pytest.approx([10.02, 10.04])
    assert line.waiting() == pytest.approx(0.04)
    assert [p.time for p in line.due(10.25, 0.15)] == pytest.approx([10.06, 10.08])  # the delay shrank


def test_what_comes_too_late_is_left_out() -> None:
    line = DelayLine()
    line.put(chunk(10.0, 320))
    line.put(chunk(10.02, 320))
    assert [p.time for p in line.due(10.2 + 0.02 + LATE + 0.01, 0.2)] == [10.02]
    assert line.late == 1


def test_a_lead_hands_over_early_but_is_no_lateness() -> None:
    line = DelayLine()
    line.put(chunk(10.0, 320))
    assert len(line.due(10.03, 0.05, lead=0.3)) == 1


def test_new_stream_in_the_past_drives_out_the_future() -> None:
    line = DelayLine()
    line.put(chunk(100.0))
    line.put(chunk(5.0, start=True))
    assert [p.time for p in line.due(6.0, 0.95)] == [5.0]
    assert line.next_due(0.0) is None


def play(schedule: OutputSchedule, *, begin: float, blocks: int, size: int = 160, jitter: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    times = begin + np.arange(blocks) * size / RATE + rng.uniform(-jitter, jitter, blocks)
    return np.concatenate([schedule.pull(size, t) for t in times])


@pytest.mark.parametrize("jitter", [0.0, 0.001])
def test_schedule_plays_at_the_due_time_without_a_seam(jitter: float) -> None:
    schedule = OutputSchedule(RATE)
    ramp = np.linspace(0.1, 0.9, 4000).astype(np.float32)
    for at in range(0, 4000, 256):
        schedule.put(ramp[at : at + 256], 50.0 + at / RATE)
    out = play(schedule, begin=49.98, blocks=40, jitter=jitter)
    first = int(np.flatnonzero(out)[0])
    assert first == pytest.approx(320, abs=1 + jitter * RATE)
    if jitter == 0.0:
        np.testing.assert_array_equal(out[320:4320], ramp)
    else:
        assert np.abs(np.diff(out[first : first + 3900])).max() < 3 * (ramp[1] - ramp[0])
    assert schedule.slips == 0
    assert schedule.underruns == 1  # the end


def test_schedule_follows_a_device_whose_clock_is_off() -> None:
    schedule = OutputSchedule(RATE, capacity=100.0)
    for at in range(0, 40 * RATE, 256):
        schedule.put(np.full(256, 0.5, np.float32), 50.0 + at / RATE)
    slow = 1 + 300e-6
    heard = [schedule.pull(160, 50.0 + n * 160 / RATE * slow) for n in range(3900)]
    assert schedule.slips == 0
    assert schedule.underruns == 0
    due = schedule._runs[0][1]
    assert due == pytest.approx(50.0 + 3900 * 160 / RATE * slow, abs=0.02)
    assert np.concatenate(heard).min() == 0.5


def test_schedule_skips_what_is_over_and_jumps_once() -> None:
    schedule = OutputSchedule(RATE)
    schedule.put(np.full(1600, 0.25, np.float32), 10.0)
    assert schedule.pull(160, 10.05)[0] == 0.25  # began 50 ms late: the first 50 ms are gone
    schedule.put(np.full(1600, 0.75, np.float32), 10.1)
    out = play(schedule, begin=10.06, blocks=20)
    assert np.count_nonzero(out == 0.25) == 640
    assert np.count_nonzero(out == 0.75) == 1600
    jump = OutputSchedule(RATE)
    jump.put(np.full(16000, 0.25, np.float32), 20.0)
    jump.pull(160, 20.0)
    jump.pull(160, 20.2)
    assert jump.slips == 1


def test_clear_is_silence_at_once() -> None:
    schedule = OutputSchedule(RATE)
    schedule.put(np.ones(1600, np.float32), 1.0)
    schedule.pull(160, 1.0)
    schedule.clear()
    assert not schedule.pull(160, 1.01).any()
