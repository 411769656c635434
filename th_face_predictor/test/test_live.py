"""Codes by their deadlines, on a machine with a clock of its own that may be too slow, and with frames that stop coming."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from th_common.errors import InputError
from th_face_predictor.delay import SHOW
from th_face_predictor.live import FADE, IDLE, LEAD, RUNGS, Frame, LivePredictor
from th_face_predictor.mouth import ENERGY, EnergyMouth
from th_face_predictor.predictor import Predictor
from th_face_predictor.stream import PredictorStream

FRAME, DELAY, LOOKAHEAD = 1 / 60, 0.15, 3
REST = np.zeros(16, np.float32)
OPENING = np.eye(16)[2]


class Machine:
    """Frames arrive on time; computing a step takes what `cost(rung)` says, and the machine does nothing else meanwhile."""

    def __init__(
        self, predictor: Predictor, cost: Callable[[str], float] = lambda rung: 0.0, *, timed: bool = True
    ) -> None:
        self.time, self.cost = 1000.0, cost
        self.stream = PredictorStream(predictor)
        self.ready: list[tuple[int, int]] = []
        self.live = LivePredictor(
            self.stream,
            EnergyMouth(REST, OPENING),
            now=self._now,
            steady=self._now,
            on_ready=lambda frame, last: self.ready.append((frame.number, last.number)),
            timed=timed,
        )
        self.codes: dict[int, np.ndarray] = {}
        self.slack: dict[int, float] = {}
        self.rungs: list[str] = []
        self._sent = 0
        self._begin = self.time
        self.behind = 0.0  # s that frames come too late
        self.blame = True  # because this machine was slow; else their sound came late
        for name in ("push", "peek"):  # every step through the network costs time
            setattr(self.stream, name, self._slowly(getattr(self.stream, name)))

    def _now(self) -> float:
        return self.time

    def _slowly(self, step: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        def slow(*arguments: np.ndarray) -> np.ndarray:
            self.time += self.cost(self.live.ladder.name)
            return step(*arguments)

        return slow

    def speak(self, features: np.ndarray) -> None:
        """Frames arrive 1/60 s apart; what has come while the machine was busy is taken together."""
        last = self._sent + len(features)
        offset = self._sent
        while self._sent < last:
            arrives = self._begin + self._sent * FRAME
            if arrives > self.time:
                self._wait(arrives)
            ready = min(last, int((self.time - self._begin) / FRAME + 1e-6) + 1)
            frames = []
            for k in range(self._sent, ready):
                came = self._begin + k * FRAME
                heard = came - (self.behind if self.blame else 0.0)
                frames.append(Frame(k, features[k - offset], came + DELAY - self.behind, heard))
            self._sent = ready
            self._note(self.live.push(frames))
            self.rungs.append(self.live.ladder.name)

    def _wait(self, until: float) -> None:
        while True:
            codes, pause = self.live.wake()
            self._note(codes)
            if pause is None or self.time + pause >= until:
                self.time = max(self.time, until)
                return
            self.time += pause

    def wait(self, seconds: float) -> None:
        self._wait(self.time + seconds)

    def _note(self, codes: list[tuple[Frame, np.ndarray]]) -> None:
        for frame, code in codes:
            assert frame.number not in self.codes, "every frame has one code"
            assert not self.codes or frame.number > max(self.codes), "in order"
            self.codes[frame.number] = code
            self.slack[frame.number] = frame.due - self.time


@pytest.fixture
def predictor(make_predictor: Callable[..., Predictor]) -> Predictor:
    return make_predictor(lookahead=LOOKAHEAD)


def test_on_a_quick_machine_codes_are_the_offline_ones(
    predictor: Predictor, make_features: Callable[..., np.ndarray]
) -> None:
    machine, features = Machine(predictor), make_features(120)
    machine.speak(features)
    machine.wait(2.0)
    assert list(machine.codes) == list(range(120))
    np.testing.assert_allclose(np.array(list(machine.codes.values())), predictor.predict(features), atol=1e-5)
    assert set(machine.rungs) == {"full rate"}
    assert machine.live.ladder.missed == 0
    assert machine.live.hurried == LOOKAHEAD, "only the last frames lacked their right context"


def test_the_automatic_delay_hurries_nobody_who_is_in_time() -> None:
    assert LEAD < SHOW


def test_frames_that_stop_coming_have_their_codes_in_time(
    predictor: Predictor, make_features: Callable[..., np.ndarray]
) -> None:
    machine = Machine(predictor)
    machine.speak(make_features(30))
    machine.wait(0.15)
    assert len(machine.codes) == 30
    assert min(machine.slack.values()) >= LEAD - 1e-3


def test_a_pause_changes_no_code_but_those_that_were_due(
    predictor: Predictor, make_features: Callable[..., np.ndarray]
) -> None:
    machine, features = Machine(predictor), make_features(60)
    machine.speak(features[:30])
    machine._begin += 0.12  # a hiccup of the sound, shorter than an end
    machine.speak(features[30:])
    machine.wait(1.0)
    expected = predictor.predict(features)
    off = np.abs(np.array([machine.codes[k] for k in range(60)]) - expected).max(axis=1) > 1e-5
    assert set(np.flatnonzero(off)) <= set(range(30 - LOOKAHEAD, 30))
    assert machine.live.hurried > LOOKAHEAD


def test_without_frames_the_stream_ends(predictor: Predictor, make_features: Callable[..., np.ndarray]) -> None:
    machine = Machine(predictor)
    machine.speak(make_features(10))
    machine.wait(IDLE + 0.2)
    assert machine.live.wake() == ([], None)
    assert machine.live.pending == 0


def test_frames_of_another_clock_wait_for_their_context(
    predictor: Predictor, make_features: Callable[..., np.ndarray]
) -> None:
    machine, features = Machine(predictor), make_features(20)
    out = machine.live.push([Frame(k, features[k], 5.0 + k * FRAME) for k in range(20)])
    assert len(out) == 20 - LOOKAHEAD
    assert machine.live.wake()[0] == []
    machine.time += IDLE + 1.0
    assert len(machine.live.wake()[0]) == LOOKAHEAD
    assert machine.live.ladder.missed == 0


@pytest.mark.parametrize(
    ("costs", "settles"),
    [
        ({"full rate": 0.01, "half rate": 0.01}, "full rate"),
        ({"full rate": 0.2, "half rate": 0.02}, "half rate"),
        ({"full rate": 0.2, "half rate": 0.2}, "energy"),
    ],
)
def test_the_ladder_goes_down_as_far_as_it_must(
    costs: dict[str, float], settles: str, predictor: Predictor, make_features: Callable[..., np.ndarray]
) -> None:
    machine = Machine(predictor, lambda rung: costs.get(rung, 0.0))
    features = make_features(200)  # before it tries a better rung again
    machine.speak(features)
    assert machine.rungs[-1] == settles
    tail = [slack for number, slack in machine.slack.items() if 120 < number <= 180]
    assert tail, "the face goes on"
    assert min(tail) > 0.0, "and in time"
    if settles == "half rate":
        shown = [k for k in machine.codes if 120 < k <= 180]
        assert len(shown) == 30
    if settles == "energy":
        moved = np.array([code for number, code in machine.codes.items() if 120 < number <= 180])
        assert np.ptp(moved[:, 2]) > 0.0
        assert np.ptp(np.delete(moved, 2, axis=1)) == 0.0, "only the lips move"


def test_when_nothing_is_in_time_the_face_is_left_at_rest_and_comes_back(
    predictor: Predictor, make_features: Callable[..., np.ndarray]
) -> None:
    machine = Machine(predictor)
    features = make_features(1800)
    machine.speak(features[:60])
    machine.behind = 0.3  # everything comes too late from now on: the stages before are too slow
    machine.speak(features[60:240])
    assert machine.rungs[-1] == "rest"
    assert max(machine.codes) < 230
    machine.behind = 0.0
    machine.speak(features[240:])
    assert machine.rungs[-1] == "full rate"
    steps = [RUNGS.index(b) - RUNGS.index(a) for a, b in pairwise(machine.rungs) if a != b]
    assert steps == [1, 1, 1, -1, -1, -1]
    assert all(k in machine.codes for k in range(1700, 1790))


def test_late_sound_is_not_the_machine_s_fault(predictor: Predictor, make_features: Callable[..., np.ndarray]) -> None:
    """The presentation delay must grow, and it is told what is needed."""
    machine = Machine(predictor)
    machine.behind, machine.blame = 0.3, False
    machine.speak(make_features(240))
    assert set(machine.rungs) == {"full rate"}
    assert machine.ready == [(n, n + LOOKAHEAD) for n in range(240 - LOOKAHEAD)]


def test_who_sets_the_delay_is_told_of_every_frame_on_every_rung(
    predictor: Predictor, make_features: Callable[..., np.ndarray]
) -> None:
    machine = Machine(predictor)
    machine.behind = 0.3
    machine.speak(make_features(240))
    assert machine.rungs[-1] == "rest"
    assert len(machine.ready) >= 240 - 4 * (LOOKAHEAD + 1)
    assert machine.ready == sorted(set(machine.ready))
    assert {last - frame for frame, last in machine.ready} == {LOOKAHEAD}


def test_between_rungs_the_face_does_not_jump(predictor: Predictor, make_features: Callable[..., np.ndarray]) -> None:
    slow = {"full rate": 0.2, "half rate": 0.2}
    machine = Machine(predictor, lambda rung: slow.get(rung, 0.0))
    features = np.tile(make_features(1), (200, 1))  # one sound held: what moves is the change of rungs
    features[:, ENERGY] = 0.0
    machine.speak(features)
    codes = np.array(list(machine.codes.values()))[30:]
    steps = np.abs(np.diff(codes, axis=0)).max(axis=1)
    assert steps.max() <= np.abs(codes[0] - REST).max() * 1.5 / FADE + 1e-4


def test_bad_features_are_refused_and_nothing_is_lost(
    predictor: Predictor, make_features: Callable[..., np.ndarray]
) -> None:
    machine, features = Machine(predictor), make_features(30)
    with pytest.raises(InputError):
        machine.live.push([Frame(0, np.full(40, np.nan), machine.time + DELAY)])
    machine.speak(features)
    machine.wait(1.0)
    np.testing.assert_allclose(np.array(list(machine.codes.values())), predictor.predict(features), atol=1e-5)


def test_clear_forgets_what_is_pending(predictor: Predictor, make_features: Callable[..., np.ndarray]) -> None:
    machine = Machine(predictor)
    machine.speak(make_features(10))
    machine.live.clear()
    assert machine.live.pending == 0
    machine.wait(1.0)
    assert len(machine.codes) == 10 - LOOKAHEAD


def test_without_a_clock_nothing_is_hurried_left_out_or_ended(
    make_predictor: Callable[..., Predictor], make_features: Callable[..., np.ndarray]
) -> None:
    """However slow the machine, and however long the frames are away."""
    predictor, features = make_predictor(lookahead=LOOKAHEAD), make_features(60)
    machine = Machine(predictor, lambda rung: 0.5, timed=False)
    machine.speak(features[:30])
    machine.wait(100.0)
    machine.speak(features[30:])
    machine._note(machine.live.end())
    assert machine.live.hurried == 0
    assert set(machine.rungs) == {RUNGS[0]}
    np.testing.assert_allclose(
        np.stack([machine.codes[k] for k in range(60)]), predictor.predict(features), rtol=0, atol=1e-5
    )
