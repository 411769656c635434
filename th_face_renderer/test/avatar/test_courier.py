"""When frames leave, on a clock of the test's own."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from th_face_renderer.avatar.courier import Courier
from th_face_renderer.living import LivingFace
from th_face_renderer.schedule import Pose
from th_face_renderer.testing import synthetic_model

T = 1 / 60


class Clock:
    """Time passes only when somebody waits."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Avatar:
    """A courier and what it sent: (when, due, pose)."""

    def __init__(self, **options: float) -> None:
        self.clock, self.sent, self.errors = Clock(), [], []
        self.living = LivingFace(synthetic_model(side=32))
        self.courier = Courier(self.living, self.take, now=self.clock, on_error=self.errors.append, **options)

    def take(self, pose: Pose, due: float) -> None:
        self.sent.append((self.clock.now, due, pose))

    def pass_time(self, seconds: float) -> None:
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now += max(self.courier.tick(), 1e-6)

    def speak(self, first: float, count: int, *, every: float = T) -> list[float]:
        due = [first + k * every for k in range(count)]
        for frame, at in enumerate(due):
            code = np.zeros(16, np.float32)
            code[0] = 1 + 0.01 * frame
            assert self.living.schedule.push(code, due=at, frame=frame, now=self.clock.now)
        return due


def test_at_rest_frames_leave_at_the_rate_and_are_the_face_at_rest() -> None:
    avatar = Avatar(period=0.05)
    avatar.pass_time(1.0)
    steps = np.diff([due for _, due, _ in avatar.sent])
    np.testing.assert_allclose(steps, 0.05, atol=1e-9)
    assert not any(pose.speaking for *_, pose in avatar.sent)


@pytest.mark.parametrize("phase", [0.0, 0.2, 0.45, 0.6, 0.95])
def test_every_code_leaves_at_its_time_whatever_the_phase(phase: float) -> None:
    avatar = Avatar()
    due = avatar.speak(avatar.clock.now + 0.5 + phase * T, 60)
    avatar.pass_time(1.6)
    spoken = {round(at, 6): (when, pose) for when, at, pose in avatar.sent}
    for frame, at in enumerate(due):
        when, pose = spoken[round(at, 6)]
        assert when == pytest.approx(at, abs=2e-6)
        assert pose.code[0] == pytest.approx(1 + 0.01 * frame)
    assert np.diff([at for _, at, _ in avatar.sent]).max() < 1.5 * T + 1e-9
    assert avatar.courier.missed == 0


def test_codes_that_are_sparse_are_interpolated() -> None:
    avatar = Avatar()
    due = avatar.speak(avatar.clock.now + 0.5, 20, every=2 * T)
    avatar.pass_time(1.5)
    codes = [pose.code[0] for _, at, pose in avatar.sent if due[0] <= at <= due[-1]]
    assert len(codes) == pytest.approx(2 * len(due), abs=2)
    assert np.all(np.diff(codes) > 0)


def test_frames_leave_earlier_by_the_lead() -> None:
    avatar = Avatar(lead=0.04)
    due = avatar.speak(avatar.clock.now + 0.5, 10)
    avatar.pass_time(1.0)
    when = {round(at, 6): when for when, at, _ in avatar.sent}
    assert when[round(due[3], 6)] == pytest.approx(due[3] - 0.04, abs=2e-6)


def test_frames_that_come_too_late_are_left_out_and_counted() -> None:
    avatar = Avatar()
    avatar.pass_time(0.1)
    sent = len(avatar.sent)
    avatar.clock.now += 0.5  # the machine was elsewhere
    avatar.pass_time(0.1)
    assert 28 <= avatar.courier.missed <= 31
    assert len(avatar.sent) - sent <= 9
    assert avatar.sent[-1][0] - avatar.sent[-1][1] < T


def test_a_clock_that_is_set_back_does_not_stop_the_avatar() -> None:
    avatar = Avatar()
    avatar.pass_time(0.1)
    avatar.clock.now -= 3600.0
    sent = len(avatar.sent)
    avatar.pass_time(0.2)
    assert len(avatar.sent) - sent >= 9


def test_after_a_stop_the_next_frame_is_the_face_at_rest() -> None:
    avatar = Avatar()
    avatar.speak(avatar.clock.now, 60)
    avatar.pass_time(0.3)
    assert avatar.sent[-1][2].speaking
    avatar.living.hush(avatar.clock.now)
    avatar.pass_time(2 * T)
    assert not avatar.sent[-1][2].speaking
    np.testing.assert_array_equal(avatar.sent[-1][2].code, avatar.living.rest(avatar.clock.now))


def test_an_error_is_told_and_the_next_frame_leaves_all_the_same() -> None:
    avatar = Avatar()
    take, avatar.courier._send = avatar.courier._send, lambda pose, due: 1 / 0
    avatar.pass_time(0.1)
    avatar.courier._send = take
    avatar.pass_time(0.1)
    assert isinstance(avatar.errors[0], ZeroDivisionError)
    assert avatar.sent


def test_running_ends_when_it_shall() -> None:
    avatar, stop = Avatar(), threading.Event()
    thread = threading.Thread(target=avatar.courier.run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(5.0)
    assert not thread.is_alive()
