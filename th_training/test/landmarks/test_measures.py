import numpy as np
import pytest

from th_common.errors import InputError
from th_training.landmarks.measures import (
    as_landmarks,
    brow_height,
    corner_height,
    eye_opening,
    inter_ocular,
    lip_opening,
    lip_width,
)


def face(gap: float) -> np.ndarray:
    points = np.zeros((68, 2))
    points[36], points[45] = (5, 20), (55, 20)  # 50 apart
    points[[61, 62, 63]] = [(20, 80), (25, 80), (30, 80)]
    points[[67, 66, 65]] = points[[61, 62, 63]] + [0, gap]
    return points


def test_opening_is_in_inter_ocular_distances():
    assert inter_ocular(face(5)) == pytest.approx(50)
    assert lip_opening(face(5)) == pytest.approx(0.1)
    assert lip_opening(np.stack([face(0), face(10)])).tolist() == pytest.approx([0, 0.2])


def test_closed_lips_are_closed_though_their_points_are_apart():
    points = face(0)
    points[[67, 65], 0] += [4, -4]
    assert lip_opening(points) == 0
    assert lip_opening(face(-3)) == 0


def expressive() -> np.ndarray:
    """Brows 10, lids 2 and 6, corners 30 apart and 4 above the lips' middle; the eyes' outer corners are 50 apart."""
    points = face(7)
    points[36:48] = points[36]
    points[[37, 38, 43, 44], 1] -= 2
    points[[41, 40, 47, 46], 1] += 2
    points[17:27] = [30, 10]
    points[45] = points[36] + [50, 0]
    points[48], points[54] = (10, 78), (40, 78)
    points[[51, 57]] = [(25, 79), (25, 85)]
    return points


def test_what_an_expression_moves():
    assert eye_opening(expressive()) == pytest.approx(4 / 50)
    assert brow_height(expressive()) == pytest.approx(10 / 50)
    assert lip_width(expressive()) == pytest.approx(30 / 50)
    assert corner_height(expressive()) == pytest.approx(4 / 50)
    raised = expressive()
    raised[17:27, 1] -= 5
    assert brow_height(np.stack([expressive(), raised])).tolist() == pytest.approx([0.2, 0.3])


@pytest.mark.parametrize("measure", [lip_opening, lip_width, corner_height, brow_height, eye_opening])
def test_measures_are_free_of_size_place_and_tilt(measure):
    turn = 3 * np.array([[0.8, -0.6], [0.6, 0.8]])
    assert measure(expressive() @ turn.T + [100, -30]) == pytest.approx(measure(expressive()))


@pytest.mark.parametrize("shape", [(67, 2), (68,), (68, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(InputError, match="68"):
        as_landmarks(np.zeros(shape))
