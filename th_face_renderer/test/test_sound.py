"""Sound is passed on with its time, once a code has told the delay."""

from __future__ import annotations

import numpy as np
import pytest

from th_face_renderer.sound import HELD, SoundInStep

RATE = 16_000


def piece(seconds: float = 0.1) -> np.ndarray:
    return np.zeros(int(RATE * seconds), np.float32)


class Player:
    def __init__(self) -> None:
        self.played: list[tuple[int, int, float]] = []

    def __call__(self, samples: np.ndarray, rate: int, present_at: float) -> None:
        self.played.append((len(samples), rate, present_at))


def test_sound_waits_for_the_first_code_and_then_goes_at_once() -> None:
    player = Player()
    sound = SoundInStep(player)
    for k in range(3):
        sound.push(piece(), rate=RATE, capture=100 + k / 10, now=100.1 + k / 10)
    assert not player.played
    sound.learn(capture=100.0, present_at=100.4)
    sound.push(piece(), rate=RATE, capture=100.3, now=100.4)
    np.testing.assert_allclose([p[2] for p in player.played], [100.4, 100.5, 100.6, 100.7])
    sound.push(piece(), rate=RATE, capture=100.4, now=100.5)
    assert player.played[-1] == (1600, RATE, 100.4 + sound.delay)  # type: ignore[operator]


def test_sound_that_is_over_is_left_out() -> None:
    player = Player()
    sound = SoundInStep(player)
    sound.push(piece(), rate=RATE, capture=100.0, now=100.1)
    sound.learn(capture=100.0, present_at=100.2)
    sound.push(piece(), rate=RATE, capture=100.5, now=100.6)
    assert [round(p[2], 3) for p in player.played] == [100.7]
    assert sound.late == 1


def test_without_codes_only_the_newest_sound_is_kept() -> None:
    sound = SoundInStep(Player())
    for k in range(1000):
        sound.push(piece(), rate=RATE, capture=k / 10, now=k / 10)
    assert len(sound._held) <= HELD * 10 + 1


def test_the_offset_of_another_clock_is_part_of_the_delay() -> None:
    player = Player()
    sound = SoundInStep(player)
    sound.learn(capture=5.0, present_at=1000.3, offset=995.0)
    sound.push(piece(), rate=RATE, capture=5.1, now=1000.1)
    assert player.played[0][2] == 5.1 + 995.3
    assert sound.lag == pytest.approx(0.3), "what a person would measure"


def test_absurd_delays_are_not_learnt() -> None:
    sound = SoundInStep(Player())
    sound.learn(capture=0.0, present_at=1e9)
    sound.learn(capture=5.0, present_at=4.0)
    assert sound.delay is None
    assert sound.lag is None
