"""The pace of a replay, with a clock of the test's own."""

from __future__ import annotations

import pytest

from th_audio_io.bag_player import AHEAD, PATIENCE, Backlog, Player
from th_audio_io.bag_sound import Piece
from th_audio_io.formats import AudioFormat

SECOND = 1_000_000_000
PIECES = [Piece(b"", AudioFormat(), 100 * SECOND + k * SECOND // 10, SECOND // 10) for k in range(100)]


class Stage:
    """Time that only passes while somebody waits, and a graph whose codes come `lag` s of sound behind."""

    def __init__(self, *, lag: float | None = 0.4, rate: float = 1.0) -> None:
        self.now, self.lag = 50.0, lag
        self.sent: list[tuple[float, int]] = []
        self.told: list[int] = []
        self.backlog = Backlog()
        self.stop_at = float("inf")
        self.player = Player(
            self.send, backlog=self.backlog, clock=lambda: self.now, wait=self.wait, tell=self.told.append, rate=rate
        )

    def send(self, piece: Piece) -> None:
        self.sent.append((self.now, piece.stamp))
        if self.lag is not None:
            self.backlog.done(piece.stamp - round(self.lag * SECOND))

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.now > self.stop_at


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0])
def test_every_piece_leaves_when_its_last_sample_was_captured(rate: float) -> None:
    stage = Stage(rate=rate)
    assert stage.player.play(PIECES)
    for at, stamp in stage.sent:
        assert at - 50.0 == pytest.approx(((stamp - 100 * SECOND) / SECOND + 0.1) / rate, abs=0.001)
    assert stage.told == sorted(stage.told)


def test_rate_zero_takes_no_time_where_the_graph_follows() -> None:
    stage = Stage(rate=0.0)
    assert stage.player.play(PIECES)
    assert stage.now == 50.0
    assert len(stage.sent) == 100


@pytest.mark.parametrize("rate", [0.0, 10.0])
def test_the_graph_is_not_outrun(rate: float) -> None:
    stage = Stage(lag=None, rate=rate)
    stage.stop_at = 50.0 + PATIENCE / 2
    assert not stage.player.play(PIECES)
    assert AHEAD <= len(stage.sent) / 10 <= AHEAD + 0.2


def test_a_graph_that_is_dead_does_not_hold_the_replay_for_ever() -> None:
    stage = Stage(lag=None, rate=0.0)
    assert stage.player.play(PIECES)
    assert stage.player.stalls == 3
    assert len(stage.sent) == 100


def test_paused_time_does_not_count() -> None:
    stage = Stage()
    waits, wait = 0, stage.wait

    def pausing(seconds: float) -> bool:
        nonlocal waits
        waits += 1
        stage.player.paused = 100 <= waits < 300
        return wait(seconds)

    stage.player._wait = pausing
    assert stage.player.play(PIECES)
    assert stage.now == pytest.approx(50.0 + 10.0 + 2.0, abs=0.05)


def test_a_round_again_begins_anew() -> None:
    stage = Stage()
    assert stage.player.play([*PIECES[:30], *PIECES[:30]])
    assert stage.now == pytest.approx(56.0, abs=0.01)
