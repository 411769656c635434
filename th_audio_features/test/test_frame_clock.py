import pytest

from th_audio_features.frame_clock import FrameClock


def test_time_follows_the_chunk_that_a_position_lies_in() -> None:
    clock = FrameClock(1000)
    clock.add(100, 50.0)
    clock.add(100, 50.1002)  # the source is slow: 2 parts in 1000
    assert clock.time_at(0.0) == pytest.approx(50.0)
    assert clock.time_at(0.09) == pytest.approx(50.09)
    assert clock.time_at(0.1) == pytest.approx(50.1002)
    assert clock.time_at(0.3) == pytest.approx(50.3002)  # beyond what has come: by the count
    assert clock.position == 200


def test_chunks_that_lie_behind_are_forgotten() -> None:
    clock = FrameClock(1000)
    for k in range(1000):
        clock.add(10, k / 100)
        assert clock.time_at(max(0.0, k / 100 - 0.1)) == pytest.approx(max(0.0, k / 100 - 0.1))
    assert len(clock._chunks) < 15


@pytest.mark.parametrize("cut", [1, 37, 160, 4000])
def test_times_of_exact_stamps_do_not_depend_on_the_cut(cut: int) -> None:
    begin, rate, count = 1_795_000_000_123_456_789, 16_000, 16_000
    clock = FrameClock(rate)
    for at in range(0, count, cut):
        sec, nanosec = divmod(begin + at * 10**9 // rate, 10**9)
        clock.add(cut, sec + nanosec * 1e-9)
    sec, nanosec = divmod(begin, 10**9)
    assert [clock.time_at(k / 60) for k in range(60)] == [
        sec + nanosec * 1e-9 + k / 60 * rate / rate for k in range(60)
    ]
