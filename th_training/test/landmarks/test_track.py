import numpy as np
import pytest

from th_common.errors import InputError
from th_training.landmarks.track import Measured, complete, fill, load_track, save_track, smooth, smoothing_note


def line(count=40):
    return np.broadcast_to(np.arange(float(count))[:, None, None], (count, 68, 2)).copy()


def measured(missing=()):
    points = line()
    points[list(missing)] = np.nan
    confidence = np.full(40, 0.9, np.float32)
    confidence[list(missing)] = 0
    return Measured(points.astype(np.float32), confidence, 25.0, (100, 120))


def test_short_gaps_are_filled_in_line_and_long_ones_marked():
    track = complete(measured([0, 10, 11, *range(20, 28)]), smoothing=0)
    np.testing.assert_allclose(track.landmarks[9:13, 5, 0], [9, 10, 11, 12])
    assert track.landmarks[0, 0, 0] == 1  # held: there is nothing before it
    assert np.flatnonzero(track.lost).tolist() == list(range(20, 28))
    assert np.flatnonzero(track.filled).tolist() == [0, 10, 11]


def test_nothing_can_be_filled_from_nothing():
    assert np.isnan(fill(np.full((4, 68, 2), np.nan), 10)).all()


def test_smoothing_does_not_cross_a_gap():
    points = line() + np.where(np.arange(40) >= 24, 50, 0)[:, None, None]
    points[20:24] = np.nan
    calm = smooth(points)
    np.testing.assert_allclose(calm[15:20], points[15:20])
    np.testing.assert_allclose(calm[24:], points[24:])


def test_the_strength_of_smoothing_is_what_is_said():
    noise = np.random.default_rng(0).normal(size=(2000, 68, 2))
    for frames, said in ((5, 0.70), (9, 0.51)):
        assert (smooth(noise, frames)[20:-20].std() / noise.std()) == pytest.approx(said, abs=0.01)
        assert f"{said:.0%}" in smoothing_note(frames, 25.0)
    np.testing.assert_array_equal(smooth(noise, 0), noise)
    assert smoothing_note(0, 25.0) == "not smoothed"


@pytest.mark.parametrize("frames", [1, 4, 6, -5, 101])
def test_a_smoothing_that_is_none_is_refused(frames):
    with pytest.raises(InputError, match="odd number"):
        smooth(line(), frames)


def test_hand_annotation_overrides_and_bridges_a_gap():
    hand = np.full((68, 2), 77.0)
    track = complete(measured(range(20, 28)), by_hand={5: hand, 24: line()[24]})
    np.testing.assert_array_equal(track.landmarks[5], hand)
    assert track.confidence[5] == 1
    assert track.by_hand == {5, 24}
    assert not track.lost.any()  # 20..23 and 25..27 are short gaps now
    with pytest.raises(InputError, match="frame 40 is annotated"):
        complete(measured(), by_hand={40: hand})


def test_a_saved_track_is_read_and_anything_else_refused(tmp_path):
    track = complete(measured(range(20, 28)), by_hand={3: line()[3]})
    save_track(tmp_path / "a.npz", track)
    again = load_track(tmp_path / "a.npz")
    np.testing.assert_array_equal(again.landmarks, track.landmarks)
    assert (again.fps, again.by_hand, again.size) == (25.0, {3}, (100, 120))
    data = (tmp_path / "a.npz").read_bytes()
    np.savez(
        tmp_path / "other.npz", landmarks=np.zeros((3, 67, 2)), confidence=np.zeros(3), fps=25, by_hand=[], size=[1, 1]
    )
    (tmp_path / "cut.npz").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.npz").write_text("no")
    for name in ("other.npz", "cut.npz", "text.npz", "missing.npz"):
        with pytest.raises(InputError, match=f"{name}: not a track"):
            load_track(tmp_path / name)
