"""The show draws only what somebody sees, in time, and outlives its displays' errors."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.layer import Layer
from th_face_renderer.life import IdleLife
from th_face_renderer.living import LivingFace
from th_face_renderer.schedule import LATE, CodeSchedule
from th_face_renderer.show import KEEPALIVE, Show
from th_face_renderer.testing import synthetic_model

DECODER = FaceDecoder(synthetic_model(side=64))
FRAME = 1 / 60


class Screen:
    def __init__(self, *, viewers: int = 1, lead: float = 0.0) -> None:
        self.viewers, self.lead = viewers, lead
        self.shown: list[tuple[np.ndarray, float]] = []
        self.opened = self.closed = 0
        self.broken = False

    def open(self) -> None:
        self.opened += 1

    def close(self) -> None:
        self.closed += 1

    def poll(self) -> int:
        return self.viewers

    def show(self, picture: np.ndarray, present_at: float) -> None:
        if self.broken:
            raise RuntimeError("broken screen")
        self.shown.append((picture.copy(), present_at))


class Drawing(Screen):
    """A screen that draws the face itself."""

    def show_code(self, code: np.ndarray, present_at: float, *, layer: Layer) -> None:
        self.shown.append((code.copy(), present_at))
        self.layers = [*getattr(self, "layers", []), layer]


class Stage:
    """A show with a clock of its own."""

    def __init__(self, *screens: Screen) -> None:
        self.time = 100.0
        self.errors: list[Exception] = []
        self.schedule = CodeSchedule(DECODER.rest_code)
        self.show = Show(
            DECODER, self.schedule, screens, size=(64, 64), now=lambda: self.time, on_error=self.errors.append
        )

    def ticks(self, seconds: float) -> None:
        for _ in range(round(seconds * 60)):
            self.show.tick()
            self.time += FRAME

    def speak(self, count: int) -> None:
        for i in range(count):
            code = np.full(16, np.sin(i / 3), np.float32)
            self.schedule.push(code, due=self.time + 0.2 + i * FRAME, frame=i, now=self.time)


def test_nothing_is_drawn_while_nobody_looks() -> None:
    stage = Stage(Screen(viewers=0))
    stage.speak(60)
    stage.ticks(1.0)
    assert stage.show.drawn == 0


def test_a_late_viewer_sees_the_face_at_rest_on_the_next_tick() -> None:
    screen = Screen(viewers=0)
    stage = Stage(screen)
    stage.ticks(0.5)
    screen.viewers = 1
    stage.ticks(FRAME)
    np.testing.assert_array_equal(screen.shown[0][0], DECODER.render(DECODER.rest_code, (64, 64)))


def test_a_face_at_rest_is_drawn_once_and_shown_once_a_second() -> None:
    screen = Screen()
    stage = Stage(screen)
    stage.ticks(5.0)
    assert len(screen.shown) == pytest.approx(5.0 / KEEPALIVE, abs=1)
    assert stage.show.drawn == 1


def test_a_second_viewer_is_not_kept_waiting() -> None:
    screen = Screen()
    stage = Stage(screen)
    stage.ticks(0.2)
    screen.viewers = 2
    stage.ticks(FRAME)
    assert len(screen.shown) == 2


def test_speech_is_drawn_at_every_tick_as_it_is_due() -> None:
    screen = Screen()
    stage = Stage(screen)
    stage.speak(90)
    stage.ticks(1.5)
    moving = [(p, t) for p, t in screen.shown if t > 100.2]
    assert len(moving) > 75
    for picture, due in moving[::10]:
        np.testing.assert_array_equal(picture, DECODER.render(stage_pose(stage, due), (64, 64)))


def stage_pose(stage: Stage, due: float) -> np.ndarray:
    twin = Stage()
    twin.speak(90)
    return twin.schedule.at(due).code


def test_a_display_with_lead_gets_the_face_of_the_time_it_is_seen() -> None:
    near, far = Screen(), Screen(lead=0.05)
    stage = Stage(near, far)
    stage.speak(60)
    stage.ticks(0.7)
    assert far.shown[-1][1] == pytest.approx(near.shown[-1][1] + 0.05)
    np.testing.assert_array_equal(far.shown[-1][0], DECODER.render(stage_pose(stage, far.shown[-1][1]), (64, 64)))


def test_what_was_handed_over_and_is_void_is_handed_over_again() -> None:
    pictures, codes = Screen(), Drawing()
    stage = Stage(pictures, codes)
    stage.ticks(0.2)
    assert [len(s.shown) for s in (pictures, codes)] == [1, 1]
    stage.show.renew()
    stage.ticks(2 * FRAME)
    assert [len(s.shown) for s in (pictures, codes)] == [2, 2]
    np.testing.assert_array_equal(codes.shown[-1][0], DECODER.rest_code)


def test_nothing_is_drawn_for_a_screen_that_draws_itself() -> None:
    screen = Drawing(lead=0.03)
    stage = Stage(screen)
    stage.speak(60)
    stage.ticks(1.0)
    assert len(screen.shown) > 55
    for code, due in screen.shown[20:40]:
        np.testing.assert_array_equal(code, stage_pose(stage, due))
    assert stage.show.drawn == 0


def test_a_broken_display_does_not_stop_the_others() -> None:
    bad, good = Screen(), Screen()
    bad.broken = True
    stage = Stage(bad, good)
    stage.speak(60)
    stage.ticks(0.5)
    assert len(good.shown) > 10
    assert "broken screen" in str(stage.errors[0])
    bad.broken = False
    stage.ticks(0.1)
    assert bad.shown


def test_time_that_goes_back_does_not_silence_the_show() -> None:
    screen = Screen()
    stage = Stage(screen)
    stage.ticks(0.5)
    stage.time -= 50.0
    shown = len(screen.shown)
    stage.ticks(0.1)
    assert len(screen.shown) > shown


class Slow:
    """A decoder that takes its time."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.cost = stage, 0.0
        self.rest_code = DECODER.rest_code

    def render(self, code: np.ndarray, size: tuple[int, int], *, layer: Layer, copy: bool) -> np.ndarray:
        self.stage.time += self.cost
        return DECODER.render(code, size, layer=layer, copy=copy)


def test_pictures_that_come_too_late_are_never_shown_and_the_ladder_goes_down_and_up() -> None:
    screen, elsewhere = Screen(), Drawing()
    stage = Stage(screen, elsewhere)
    slow = Slow(stage)
    stage.show._decoder = slow  # type: ignore[assignment]
    handed: list[float] = []
    show = screen.show

    def note(picture: np.ndarray, present_at: float) -> None:
        handed.append(stage.time - present_at)
        show(picture, present_at)

    screen.show = note  # type: ignore[method-assign]
    stage.speak(1200)
    stage.ticks(0.5)
    slow.cost = 0.07
    names = []
    for _ in range(60):
        stage.ticks(FRAME)
        names.append(stage.show.ladder.name)
    assert list(dict.fromkeys(names)) == ["full rate", "half rate", "rest"]
    assert stage.show.late > 0
    assert max(handed[:-1]) <= LATE
    np.testing.assert_array_equal(screen.shown[-1][0], DECODER.render(DECODER.rest_code, (64, 64)))
    spoken = elsewhere.shown[-1]
    np.testing.assert_array_equal(spoken[0], stage.schedule.at(spoken[1]).code)
    assert stage.schedule.at(spoken[1]).speaking, "who draws the face elsewhere is not too slow"
    slow.cost = 0.0
    stage.ticks(8.0)
    assert stage.show.ladder.name == "full rate"
    assert screen.shown[-1][1] == pytest.approx(stage.time - FRAME)


def test_missed_ticks_halve_the_rate_and_go_no_further() -> None:
    screen = Screen()
    stage = Stage(screen)
    stop = threading.Event()

    class Busy(Slow):
        def render(self, code: np.ndarray, size: tuple[int, int], *, layer: Layer, copy: bool) -> np.ndarray:
            time.sleep(0.004)
            return super().render(code, size, layer=layer, copy=copy)

    stage.show._decoder = Busy(stage)  # type: ignore[assignment]
    stage.show._now = time.monotonic
    begin = time.monotonic()
    for i in range(3000):
        code = np.full(16, np.sin(i / 3), np.float32)
        stage.schedule.push(code, due=begin + 0.1 + i / 600, frame=i, now=begin)
    thread = threading.Thread(target=stage.show.run, args=(400.0, stop))
    thread.start()
    deadline = begin + 4.0
    while stage.show.ladder.name == "full rate" and time.monotonic() < deadline:
        time.sleep(0.01)
    name, late = stage.show.ladder.name, stage.show.late
    stop.set()
    thread.join(10)
    assert stage.show.missed > 0
    assert name == "half rate" or late, "a machine that stalls for 50 ms may go further"


def test_run_opens_ticks_and_closes() -> None:
    screen = Screen()
    stage = Stage(screen)
    stop = threading.Event()
    thread = threading.Thread(target=stage.show.run, args=(200.0, stop))
    thread.start()
    deadline = time.monotonic() + 10
    while not screen.shown and time.monotonic() < deadline:
        time.sleep(0.005)
    stop.set()
    thread.join(10)
    assert (screen.opened, screen.closed) == (1, 1)
    assert screen.shown
    assert stage.show.viewers == 1
    median, high = stage.show.costs()
    assert 0 < median <= high


def test_a_living_face_is_drawn_with_what_lies_over_its_code() -> None:
    pictures, codes = Screen(), Drawing()
    stage = Stage(pictures, codes)
    living = LivingFace(DECODER.model, life=IdleLife(seed=1))
    stage.show._schedule = living
    stage.ticks(4.0)
    assert len(pictures.shown) > 200, "it moves all the time"
    closed = int(np.argmax([layer.lid_left for layer in codes.layers]))
    code, due = codes.shown[closed]
    layer = codes.layers[closed]
    assert layer.lid_left > 0.9
    assert (living.at(due).layer, living.at(due).code.tolist()) == (layer, code.tolist())
    at_once = next(picture for picture, at in pictures.shown if at == due)
    np.testing.assert_array_equal(at_once, DECODER.render(code, (64, 64), layer=layer))
    assert not np.array_equal(at_once, DECODER.render(code, (64, 64)))


def test_on_the_lowest_rung_a_living_face_rests() -> None:
    screen = Screen()
    stage = Stage(screen)
    stage.show._schedule = LivingFace(DECODER.model, life=IdleLife(seed=1))
    stage.ticks(0.5)
    stage.show.ladder.rung = 2
    stage.show.ladder.observe = lambda missed, now: None  # type: ignore[method-assign,assignment]
    stage.ticks(0.1)
    np.testing.assert_array_equal(screen.shown[-1][0], DECODER.render(DECODER.rest_code, (64, 64)))
