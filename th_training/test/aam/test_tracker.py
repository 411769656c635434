import numpy as np
import pytest

from th_training.aam.detect import Box, CascadeDetector, FaceFinder
from th_training.aam.fitter import Fitter
from th_training.aam.tracker import Tracker


@pytest.fixture(scope="module")
def fitter(actor_face):
    return Fitter.of_face(actor_face)


class Finder:
    """Knows where the face is, or that there is none; counts how often it is asked."""

    def __init__(self, scene):
        self.scene, self.time, self.asked = scene, 0.0, 0

    def __call__(self, image):
        self.asked += 1
        return [] if self.time is None else [self.scene.landmarks(self.time) + 3]


def nobody(seed=0):
    import cv2

    small = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), np.uint8)
    return cv2.resize(small, (320, 240), interpolation=cv2.INTER_CUBIC)


def test_a_face_is_searched_once_and_then_followed(fitter, scene):
    finder = Finder(scene)
    tracker = Tracker(fitter, finder)
    seen = tracker.look_at_all(scene.picture(k / 30) for k in range(12))
    assert [s.searched for s in seen] == [True] + [False] * 11
    assert finder.asked == 1
    assert min(s.quality for s in seen) > 0.9


def test_a_lost_face_is_marked_and_found_again(fitter, scene):
    finder = Finder(scene)
    tracker = Tracker(fitter, finder)
    before = tracker.look_at_all(scene.picture(k / 25) for k in range(4))
    finder.time = None
    away = tracker.look_at_all(nobody(k) for k in range(3))
    finder.time = 0.9
    back = tracker.look_at_all(scene.picture(0.9 + k / 25) for k in range(3))
    assert all(s.quality > 0.9 for s in before + back)
    assert all(s.fit is None and s.quality == 0 for s in away)
    assert [s.searched for s in back] == [True, False, False]
    last = back[-1].fit
    assert last
    assert np.linalg.norm(last.landmarks - scene.landmarks(0.98), axis=1).mean() < 0.25


def test_a_cut_to_another_place_is_found_again(fitter, scene):
    finder = Finder(scene)
    tracker = Tracker(fitter, finder)
    tracker.look(scene.picture(0.0))
    finder.time = 0.5
    moved = np.roll(scene.picture(0.5), 60, axis=1)
    finder.scene = type("Moved", (), {"landmarks": lambda self, time: scene.landmarks(time) + np.array([60, 0])})()
    seen = tracker.look(moved)
    assert seen.searched
    assert seen.quality > 0.8


def test_a_covered_mouth_lowers_the_quality(fitter, scene):
    tracker = Tracker(fitter, Finder(scene))
    clear = tracker.look(scene.picture(0.2))
    picture = scene.picture(0.2)
    x, y = scene.landmarks(0.2)[48:].mean(0).astype(int)
    picture[y - 14 : y + 14, x - 22 : x + 22] = (40, 90, 60)
    covered = tracker.look(picture)
    assert covered.quality < clear.quality - 0.04


def test_grey_pictures_are_named_so(fitter, scene):
    seen = Tracker(fitter, Finder(scene)).look(np.full((240, 320, 3), 128, np.uint8))
    assert seen.grey
    assert seen.fit is None


def test_where_there_is_nobody_the_search_becomes_rare(fitter, scene):
    finder = Finder(scene)
    finder.time = None
    Tracker(fitter, finder).look_at_all(nobody(k) for k in range(40))
    assert finder.asked == 10 + 6


def test_a_detectors_box_is_learnt_from_the_portrait(actor_face, scene):
    finder = FaceFinder(actor_face, [CascadeDetector()])
    for time in (0.0, 1.0):
        rough = next(iter(finder(scene.picture(time))))
        truth = scene.landmarks(time)
        diagonal = np.linalg.norm(np.ptp(truth, axis=0))
        assert np.linalg.norm(rough - truth, axis=1).mean() < 0.1 * diagonal
    assert not list(finder(nobody()))


def test_the_next_detector_is_asked_where_the_first_sees_nothing(actor_face, scene):
    asked = []

    def blind(image):
        asked.append(image.shape[:2])
        return []

    def sharp(image):
        return [Box(image.shape[1] / 2, image.shape[0] / 2, image.shape[0] / 2)]

    finder = FaceFinder(actor_face, [blind, sharp])
    asked.clear()
    assert len(list(finder(scene.picture(0.0)))) == 1
    # Small pictures are looked at again, enlarged.
    assert asked == [(240, 320), (480, 640)]


def sway(angle=0.0, scale=1.0, x=0.0, y=0.0):
    """How a head goes: (angle, scale, shift) of each of 40 pictures."""
    return np.stack(np.broadcast_arrays(angle, scale, x, y, np.zeros(40))[:4], 1)


STEPS = np.arange(40)


@pytest.mark.parametrize(
    "way",
    [
        sway(x=70 * np.arcsin(np.sin(STEPS * 12 * np.pi / 140)) * 2 / np.pi),
        sway(x=75 * np.sin(STEPS * 30 / 75), y=30 * np.cos(STEPS * 30 / 75)),
        sway(x=30.0 * (STEPS // 3 % 2)),
        sway(scale=np.exp(0.25 * np.sin(0.4 * STEPS))),
        sway(angle=0.5 * np.sin(0.3 * STEPS)),
        sway(0.4 * np.sin(0.2 * STEPS), np.exp(0.2 * np.sin(0.2 * STEPS)), 70 * np.sin(0.3 * STEPS)),
    ],
    ids=["slow", "fast", "jumps", "size", "turns", "all"],
)
def test_a_head_that_moves_fast_makes_no_faces(fitter, scene, monkeypatch, way):
    model = scene.model
    middle = model.landmarks(model.rest).mean(0)
    size = 150 / np.linalg.norm(np.ptp(model.landmarks(model.rest), axis=0))
    monkeypatch.setattr(f"{type(scene).__module__}.SIZE", (300, 420))
    monkeypatch.setattr(scene, "code", lambda time: model.rest)

    def pose(time, **_):
        angle, scale, x, y = way[round(30 * time)]
        turn = size * scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return np.c_[turn, [210 + x, 150 + y] - turn @ middle]

    monkeypatch.setattr(scene, "pose", pose)
    finder = Finder(scene)
    seen = Tracker(fitter, finder).look_at_all(scene.picture(k / 30) for k in range(len(way)))
    assert finder.asked == 1
    off = np.abs([s.fit.shape - seen[0].fit.shape for s in seen]).max(1)
    quality = np.array([s.quality for s in seen])
    assert ((off < 0.4) | (quality < 0.8)).all()  # 0.4 sd of the eighth mode are 0.04 px
    assert (quality > 0.95).mean() > 0.9
