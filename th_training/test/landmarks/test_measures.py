import numpy as np
import pytest

from th_common.errors import InputError
from th_training.landmarks.measures import as_landmarks, inter_ocular, lip_opening


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


def test_opening_is_free_of_size_place_and_tilt():
    turn = 3 * np.array([[0.8, -0.6], [0.6, 0.8]])
    assert lip_opening(face(7) @ turn.T + [100, -30]) == pytest.approx(lip_opening(face(7)))


@pytest.mark.parametrize("shape", [(67, 2), (68,), (68, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(InputError, match="68"):
        as_landmarks(np.zeros(shape))
