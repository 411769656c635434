"""Points inside the mouth: they hold the teeth, and give way where the lips close."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from th_common.errors import ModelError
from th_face_renderer.face_model import FaceModel, arrange_mouth
from th_face_renderer.testing import synthetic_model

ROWS = np.array([[92, 93, 94], [95, 96, 97]], np.int32)


@cache
def with_teeth() -> FaceModel:
    """The synthetic face, two rows of three points in its mouth: the upper at the skull, the lower 3 px above the lip."""
    model = synthetic_model()
    mean, modes = model.shape_mean, model.shape_modes
    x = np.linspace(-0.2, 0.2, 3) * (mean[64, 0] - mean[60, 0]) + mean[62, 0]
    upper = np.stack([x, np.full(3, mean[62, 1] + 3)], 1)
    lower = np.stack([x, np.full(3, mean[66, 1] - 3)], 1)
    inner = np.zeros((len(modes), 6, 2), np.float32)
    inner[:, 3:, 1] = modes[:, 66:67, 1]
    return replace(
        model,
        shape_mean=np.concatenate([mean, upper, lower]).astype(np.float32),
        shape_modes=np.concatenate([modes, inner], 1),
        reference=np.concatenate([model.reference, upper, lower]).astype(np.float32),
        mouth_rows=ROWS,
    )


def code(opening: float) -> np.ndarray:
    return np.r_[opening, np.zeros(15)]


def test_teeth_stay_where_there_is_room() -> None:
    model = with_teeth()
    wide = model.points(code(3))
    np.testing.assert_allclose(wide[92:95], model.shape_mean[92:95], atol=1e-4)
    np.testing.assert_allclose(wide[95:, 1] - wide[66, 1], -3, atol=1e-3)


@pytest.mark.parametrize("opening", [-4, -1, -0.3, 0, 1, 4])
def test_rows_lie_in_order_between_the_lips(opening: float) -> None:
    points = with_teeth().points(code(opening))
    upper, lower = points[[60, 61, 62, 63, 64]], points[[60, 67, 66, 65, 64]]
    for column in ROWS.T:
        x, y = points[column].T
        top, bottom = np.interp(x[0], *upper.T), np.interp(x[0], *lower.T)
        assert top <= y[0] <= y[1] <= max(bottom, top)


def test_rows_stay_between_the_corners() -> None:
    model = with_teeth()
    points = model.points(code(1)).copy()
    points[92, 0], points[94, 0] = -500, 900
    arranged = arrange_mouth(points, ROWS)
    assert points[60, 0] < arranged[92, 0] < arranged[93, 0] < arranged[94, 0] < points[64, 0]


def narrowed(share: float) -> np.ndarray:
    """Points of an open mouth whose lips are narrower by a share; its rows keep the places that the model gives them."""
    model = with_teeth()
    points = model.points(code(3)).astype(np.float64)
    points[ROWS] = model.shape_mean[ROWS]
    middle = points[62, 0]
    points[48:68, 0] = middle + share * (points[48:68, 0] - middle)
    return points


@pytest.mark.parametrize("share", [0.9, 0.5, 0.2])
def test_a_narrow_mouth_scales_a_row_as_a_whole(share: float) -> None:
    points = narrowed(share)
    points[[92, 95], 0] += 1  # columns at uneven distances, whose proportions must stay
    before = points[ROWS, 0].copy()
    after = arrange_mouth(points, ROWS)[ROWS, 0]
    scale = (after[:, 1:] - after[:, :-1]) / (before[:, 1:] - before[:, :-1])
    np.testing.assert_allclose(scale, scale[0, 0], rtol=1e-9)
    assert 0 < scale[0, 0] <= 1
    assert points[60, 0] < after.min()
    assert after.max() < points[64, 0]


def test_nothing_jumps_while_the_mouth_narrows() -> None:
    places = np.array([arrange_mouth(narrowed(share), ROWS)[ROWS] for share in np.linspace(1, 0.2, 801)])
    speed = np.diff(places, axis=0)
    width = np.ptp(narrowed(1)[48:68, 0])
    assert np.abs(speed).max() <= width / 1000 * 1.2
    assert np.abs(np.diff(speed[..., 0], axis=0)).max() < 0.03 * np.abs(speed).max(), (
        "a kink: a place starts to move at once"
    )


def test_crossed_corners_leave_finite_rows_in_order() -> None:
    points = narrowed(-0.5)
    after = arrange_mouth(points, ROWS)[ROWS]
    assert np.isfinite(after).all()
    assert (np.diff(after[..., 0], axis=1) >= 0).all()


def test_rows_are_stored() -> None:
    model = with_teeth()
    again = FaceModel.from_tensors(model.to_tensors(quantise=False))
    np.testing.assert_array_equal(again.mouth_rows, ROWS)
    assert "mouth.rows" not in synthetic_model().to_tensors()


@pytest.mark.parametrize("rows", [[[3, 4]], [[92, 98]], [[-1, 92]]])
def test_rows_of_other_points_are_refused(rows: list[list[int]]) -> None:
    tensors = with_teeth().to_tensors() | {"mouth.rows": np.array(rows, np.int32)}
    with pytest.raises(ModelError, match=r"mouth_rows must name points 68\.\.97"):
        FaceModel.from_tensors(tensors)
    with pytest.raises(ModelError, match="integers"):
        FaceModel.from_tensors(tensors | {"mouth.rows": np.ones((1, 2), np.float32)})
