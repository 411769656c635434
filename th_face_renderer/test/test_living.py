"""The living face: speech wins on lips and jaw, all else blends, and everything is smooth."""

from __future__ import annotations

import numpy as np
import pytest

from th_common.default_model import default_model_folder
from th_common.errors import InputError
from th_face_renderer import load_face
from th_face_renderer.layer import NEUTRAL, Layer
from th_face_renderer.life import IdleLife
from th_face_renderer.living import AFTER, AHEAD, RELAX, LivingFace, gaze_towards
from th_face_renderer.schedule import CodeSchedule
from th_face_renderer.testing import synthetic_model
from th_face_renderer.voice import LOWER, UPPER

T = 1.79e9
STEP = 1 / 60
MODEL = load_face(default_model_folder()).model
GAPS = (MODEL.shape_modes[:, LOWER, 1] - MODEL.shape_modes[:, UPPER, 1]).mean(axis=1)
BROWS = -MODEL.shape_modes[:, 17:27, 1].mean(axis=1) / (1 + np.abs(GAPS))
JAW_MODE, BROW_MODE = int(np.abs(GAPS).argmax()), int(np.abs(BROWS).argmax())
OPENS, RAISES = np.sign(GAPS[JAW_MODE]), np.sign(BROWS[BROW_MODE])


def opening(code: np.ndarray) -> float:
    points = MODEL.landmarks(code)
    return float((points[LOWER, 1] - points[UPPER, 1]).mean())


def face_with(codes: list[np.ndarray], *, life: IdleLife | None = None, **more: object) -> LivingFace:
    """Codes are due from T on."""
    face = LivingFace(MODEL, life=life, **more)  # type: ignore[arg-type]
    for k, code in enumerate(codes):
        face.schedule.push(code, due=T + k * STEP, frame=k, now=T - 0.2)
    return face


def syllables(seconds: float) -> list[np.ndarray]:
    """Open and close five times a second."""
    codes = []
    for k in range(round(seconds / STEP)):
        code = MODEL.rest.copy()
        code[JAW_MODE] += OPENS * 1.2 * np.sin(np.pi * 5 * k * STEP) ** 2
        codes.append(code)
    return codes


def test_without_life_and_wishes_it_is_the_schedule_bit_for_bit() -> None:
    face = face_with(syllables(1.0))
    plain = CodeSchedule(MODEL.rest)
    for k, code in enumerate(syllables(1.0)):
        plain.push(code, due=T + k * STEP, frame=k, now=T - 0.2)
    for time in np.arange(T - 1, T + 2, 0.031):
        one, two = face.at(time), plain.at(time)
        np.testing.assert_array_equal(one.code, two.code)
        assert (one.speaking, one.layer) == (two.speaking, NEUTRAL)


def test_a_face_at_rest_lives_and_one_that_is_told_not_to_is_still() -> None:
    face = face_with([], life=IdleLife(seed=1))
    poses = [face.at(T + k * STEP) for k in range(1200)]
    codes, layers = np.array([p.code for p in poses]), np.array([p.layer for p in poses])
    assert not any(p.speaking for p in poses)
    assert layers[:, 0].max() > 0.9
    assert np.ptp(layers[:, 4]) > 5e-4
    assert np.ptp(layers[:, 2]) > 0.1
    assert 0 < np.ptp(codes, axis=0).max() < 0.5
    assert max(abs(opening(c) - opening(MODEL.rest)) for c in codes[::60]) < 0.8, "lips stay together"
    face.live(None)
    np.testing.assert_array_equal(face.at(T).code, MODEL.rest)
    assert face.at(T).layer == NEUTRAL


def test_it_attends_with_brows_a_little_up() -> None:
    face = face_with([], life=IdleLife(seed=1))
    rise = [MODEL.landmarks(MODEL.rest)[17:27, 1] - MODEL.landmarks(face.at(T + s).code)[17:27, 1] for s in range(60)]
    assert 0.2 < np.mean(rise) < 2.5


def test_busy_follows_the_mouth_smoothly_and_silence_is_not_busy() -> None:
    face = face_with(syllables(2.0))
    times = np.arange(T - 1, T + 4, 0.01)
    busy = np.array([face.busy(time) for time in times])
    assert (busy[times < T - AHEAD] == 0).all()
    assert (busy[(times > T + 0.2) & (times < T + 2)] > 0.95).all(), "also where lips close between two syllables"
    assert (busy[times > T + 2 + AFTER + RELAX] == 0).all()
    assert np.abs(np.diff(busy)).max() < 0.2
    silent = face_with([MODEL.rest] * 120)
    assert max(silent.busy(time) for time in times) == 0


def test_no_blink_begins_while_the_mouth_moves() -> None:
    face = face_with(syllables(10.0), life=IdleLife(seed=1))
    lids = np.array([face.at(T + k * STEP).layer.lid_left for k in range(20, 590)])
    assert lids.max() == 0
    quiet = face_with([MODEL.rest] * 600, life=IdleLife(seed=1))
    assert max(quiet.at(T + k * STEP).layer.lid_left for k in range(600)) > 0.9, "codes of silence are a pause"


def test_who_attends_speaks_with_the_voices_own_lips() -> None:
    alive, plain = face_with(syllables(3.0), life=IdleLife(seed=1)), face_with(syllables(3.0))
    for time in np.arange(T + 0.3, T + 2.9, 0.05):
        np.testing.assert_allclose(alive.at(time).code, plain.at(time).code, atol=0.02)


def smile_and_frown() -> dict[str, np.ndarray]:
    """Two far codes with mouths of their own."""
    rng = np.random.default_rng(3)
    return {name: np.clip(rng.normal(0, 1.2, 16), -2.5, 2.5).astype(np.float32) for name in ("happy", "angry")}


def test_an_expression_comes_stays_and_goes() -> None:
    codes = smile_and_frown()
    face = face_with([], expressions=codes)
    face.expressions.ask("happy", duration=2.0, now=T)
    times = np.arange(T - 0.1, T + 4, 0.01)
    poses = np.array([face.at(time).code for time in times])
    np.testing.assert_array_equal(poses[times < T], np.broadcast_to(MODEL.rest, poses[times < T].shape))
    held = (times > T + 0.4) & (times < T + 2)
    np.testing.assert_allclose(poses[held], np.broadcast_to(codes["happy"], poses[held].shape), atol=1e-5)
    np.testing.assert_array_equal(poses[-1], MODEL.rest)
    way = np.abs(codes["happy"] - MODEL.rest).max()
    assert np.abs(np.diff(poses, axis=0)).max() < 0.06 * way, "smooth"


def test_half_of_an_expression_and_the_next_one() -> None:
    codes = smile_and_frown()
    face = face_with([], expressions=codes)
    face.expressions.ask("happy", intensity=0.5, now=T)
    np.testing.assert_allclose(face.at(T + 5).code, (MODEL.rest + codes["happy"]) / 2, atol=1e-5)
    face.expressions.ask("angry", now=T + 5)
    poses = np.array([face.at(t).code for t in np.arange(T + 4.9, T + 7, 0.01)])
    way = np.abs(codes["angry"] - codes["happy"]).max()
    assert np.abs(np.diff(poses, axis=0)).max() < 0.06 * way
    np.testing.assert_allclose(poses[-1], codes["angry"], atol=1e-5)
    face.expressions.rest(T + 7)
    np.testing.assert_array_equal(face.at(T + 9).code, MODEL.rest)


def test_speech_wins_on_lips_and_jaw_and_the_brows_follow_the_wish() -> None:
    wish = MODEL.rest.copy()
    wish[[JAW_MODE, BROW_MODE, 10]] += (1.2 * OPENS, 1.5 * RAISES, 1.0)  # an open mouth, raised brows, some texture
    face, plain = face_with(syllables(3.0), expressions={"happy": wish}), face_with(syllables(3.0))
    face.expressions.ask("happy", now=T)
    for time in np.arange(T + 0.6, T + 2.8, 0.1):
        ours, voice = face.at(time).code, plain.at(time).code
        one, two = MODEL.landmarks(ours), MODEL.landmarks(voice)
        assert abs(opening(ours) - opening(voice)) < 0.7
        assert np.abs(one[8] - two[8]).max() < 1.0
        lift = (two - one)[17:27, 1].mean()
        assert lift > 0.5 * (MODEL.landmarks(MODEL.rest) - MODEL.landmarks(wish))[17:27, 1].mean() > 1


def test_looking_at_something_and_back() -> None:
    face = face_with([])
    face.look_at((0.8, -0.2), now=T, hold=1.0)
    gaze = np.array([face.at(time).layer[2:4] for time in np.arange(T - 0.1, T + 2, 0.01)])
    assert (gaze[0] == 0).all()
    np.testing.assert_allclose(gaze[60], (0.8, -0.2), atol=1e-6)
    np.testing.assert_allclose(gaze[-1], 0, atol=1e-6)
    assert np.abs(np.diff(gaze, axis=0)).max() < 0.2
    face.look_at((0.5, 0.0), now=T + 3)
    face.look_away(T + 3.5)
    assert face.at(T + 3.4).layer.gaze_x == pytest.approx(0.5)
    assert face.at(T + 4).layer.gaze_x == pytest.approx(0.0)
    with pytest.raises(InputError, match="nowhere"):
        face.look_at((float("nan"), 0.0), now=T)


def test_gaze_towards_a_point_before_the_face() -> None:
    assert gaze_towards(0, 0, 1) == (0, 0)
    assert gaze_towards(1, 0, 1)[0] == -1, "the face's right is on the left of its picture, and 45 degrees are too far"
    x, y = gaze_towards(-0.2, 0.1, 1)
    assert 0.2 < x < 0.5
    assert 0 < y < x
    for bad in ((0, 0, 0), (0, 0, -1), (float("nan"), 0, 1), (0, float("inf"), 1)):
        with pytest.raises(InputError, match="in front"):
            gaze_towards(*bad)


def test_a_layer_keeps_within_its_ranges() -> None:
    assert Layer(3, -1, 2, -2, 1).clamped() == Layer(1, 0, 1, -1, 0.02)
    assert Layer(float("nan"), 0.5, 0, 0, 0).clamped() == Layer(0, 0.5, 0, 0, 0)


@pytest.mark.parametrize("shape", [1, 2, 8])
def test_faces_with_few_modes_live_too(shape: int) -> None:
    model = synthetic_model(side=64, shape=shape, appearance=shape)
    face = LivingFace(model, life=IdleLife(), expressions={"happy": np.ones(2 * shape, np.float32)})
    face.expressions.ask("happy", now=T)
    for k in range(30):
        face.schedule.push(
            np.full(2 * shape, 0.5 + 0.5 * np.sin(k), np.float32), due=T + k * STEP, frame=k, now=T - 0.2
        )
        assert np.isfinite(face.at(T + k * STEP).code).all()


def test_breath_is_seen_on_a_large_screen_and_stays_calm() -> None:
    face = LivingFace(MODEL, life=IdleLife())
    lifts = np.array([face.at(T + k / 20).layer.lift for k in range(400)]) * 1080
    assert 2.0 < np.ptp(lifts) < 5.0
    assert np.abs(np.diff(lifts)).max() * 20 < 5.0  # px per s
