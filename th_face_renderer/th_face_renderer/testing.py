"""A small made-up face for tests and demonstrations: 68 landmarks, 24 points of support, 8 + 8 smooth modes."""

from __future__ import annotations

import os
from collections.abc import Mapping

import cv2
import numpy as np

from th_common.model_folder import Card, Tensors, write_model
from th_face_renderer.face_model import FaceModel, Floats

HAPPY_CODE = np.linspace(-1, 1, 16).round(2)
"""What tests call happy."""

_BORDER, _RING = 12, 12


def synthetic_model(*, side: int = 256, shape: int = 8, appearance: int = 8, seed: int = 0) -> FaceModel:
    """A face drawn with a few ellipses on a canvas of side x side px; mode 0 opens the mouth, mode 1 smiles.

    The support (border and ring) stays where it is, as in a real portrait; the other modes are smooth and random.
    """
    rng = np.random.default_rng(seed)
    landmarks = _landmarks() * side
    support = _support() * side
    support = np.clip(support, 0, side - 1)
    points = np.vstack([landmarks, support]).astype(np.float32)
    modes = np.zeros((shape, len(points), 2), np.float32)
    modes[0, :68] = _open_mouth(landmarks / side) * side
    if shape > 1:
        modes[1, :68] = _smile(landmarks / side) * side
    for mode in modes[2:]:
        wave = rng.normal(0, 2.0, (2, 2))
        phase = rng.uniform(0, 6.28, 2)
        mode[:68] = 0.004 * side * np.sin(landmarks / side @ wave * 3 + phase)
    texture = _paint(points, side, rng)
    y0, x0, y1, x1 = roi = (side // 5, side // 5, side - side // 8, side - side // 5)
    coarse = rng.normal(0, 8.0, (appearance, 6, 6, 3)).astype(np.float32)
    window = np.sqrt(np.outer(np.hanning(y1 - y0), np.hanning(x1 - x0)))[..., None].astype(np.float32)
    texture_modes = (
        np.stack([cv2.resize(c, (x1 - x0, y1 - y0), interpolation=cv2.INTER_CUBIC) for c in coarse]) * window
    )
    rest = np.zeros(shape + appearance, np.float32)
    rest[0] = -0.25
    return FaceModel(
        canvas=(side, side),
        shape_mean=points,
        shape_modes=modes,
        triangles=delaunay(points),
        reference=points.copy(),
        texture_mean=texture,
        texture_modes=texture_modes,
        rest=rest,
        roi=roi,
    )


def synthetic_face(
    folder: str | os.PathLike[str],
    *,
    side: int = 256,
    seed: int = 0,
    quantise: bool = True,
    profile: str = "robot",
    lookahead: int | None = 8,
    network: Mapping[str, object] | None = None,
    predictor: Tensors | None = None,
) -> Card:
    """Write a model folder with a synthetic face; a test that predicts brings its own network and predictor tensors."""
    model = synthetic_model(side=side, seed=seed)
    shape, appearance = model.dimensions
    return write_model(
        folder,
        name=f"synthetic {seed}",
        profile=profile,
        shape=shape,
        appearance=appearance,
        lookahead=lookahead,
        licence="CC0-1.0",
        network=network or {"name": "BBF", "units": 8, "inputs": 40, "outputs": shape + appearance},
        training={"summary": "made up for tests"},
        face=model.to_tensors(quantise=quantise),
        predictor=predictor or {"feature.mean": np.zeros(40, np.float32)},
    )


def delaunay(points: Floats) -> np.ndarray:
    """Delaunay triangles (T, 3) int32 of points (P, 2)."""
    low, high = points.min(0) - 10, points.max(0) + 10
    division = cv2.Subdiv2D((int(low[0]), int(low[1]), int(high[0] - low[0]) + 2, int(high[1] - low[1]) + 2))
    names = {division.insert((float(x), float(y))): i for i, (x, y) in enumerate(points)}
    triangles = []
    for edge in division.getLeadingEdgeList():
        corners = []
        for _ in range(3):
            corners.append(names.get(division.edgeOrg(int(edge))[0], -1))
            edge = division.getEdge(int(edge), cv2.SUBDIV2D_NEXT_AROUND_LEFT)
        if min(corners) >= 0 and len(set(corners)) == 3:
            triangles.append(sorted(corners))
    return np.unique(np.array(triangles, np.int32), axis=0)


def _arc(centre: tuple[float, float], radii: tuple[float, float], degrees: np.ndarray) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return np.stack([centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle)], -1)


def _landmarks() -> np.ndarray:
    """68 landmarks (68, 2) in parts of the canvas' side, iBUG order, mouth a little open."""
    jaw = _arc((0.5, 0.48), (0.25, 0.34), np.linspace(175, 5, 17))
    brow = np.linspace(200, 340, 5)
    brows = [_arc((x, 0.40), (0.075, 0.05), brow) for x in (0.39, 0.61)]
    bridge = np.stack([np.full(4, 0.5), np.linspace(0.42, 0.54, 4)], -1)
    nostrils = _arc((0.5, 0.555), (0.04, 0.022), np.linspace(170, 10, 5))
    eye = np.array([180, 235, 305, 0, 55, 125])
    eyes = [_arc((x, 0.44), (0.045, 0.02), eye) for x in (0.39, 0.61)]
    outer = _arc((0.5, 0.66), (0.095, 0.045), np.array([180, 222, 250, 270, 290, 318, 0, 42, 68, 90, 112, 138]))
    inner = _arc((0.5, 0.66), (0.07, 0.014), np.array([180, 230, 270, 310, 0, 50, 90, 130]))
    return np.vstack([jaw, *brows, bridge, nostrils, *eyes, outer, inner])


def _support() -> np.ndarray:
    third = np.array([0.0, 1 / 3, 2 / 3, 1.0])
    border = np.array([(x, y) for x in third for y in third if x in (0, 1) or y in (0, 1)])
    ring = _arc((0.5, 0.5), (0.36, 0.42), np.arange(_RING) * 30.0)
    assert len(border) == _BORDER
    return np.vstack([border, ring])


def _open_mouth(landmarks: np.ndarray) -> np.ndarray:
    move = np.zeros_like(landmarks)
    drop = np.clip((landmarks[:, 1] - 0.655) / 0.1, 0, 1)
    move[:17, 1] = 0.018 * np.clip((landmarks[:17, 1] - 0.6) / 0.2, 0, 1)
    move[48:, 1] = 0.022 * drop[48:] ** 0.3 * (np.abs(landmarks[48:, 0] - 0.5) < 0.06)
    return move


def _smile(landmarks: np.ndarray) -> np.ndarray:
    move = np.zeros_like(landmarks)
    aside = (landmarks[48:, 0] - 0.5) / 0.1
    move[48:, 0] = 0.012 * aside
    move[48:, 1] = -0.010 * np.abs(aside) ** 2
    return move


def _paint(points: np.ndarray, side: int, rng: np.random.Generator) -> Floats:
    ramp = np.linspace(0, 1, side, dtype=np.float32)
    picture = np.zeros((side, side, 3), np.float32)
    picture[...] = (90, 70, 60)
    picture += 60 * ramp[:, None, None]

    def fill(which: np.ndarray | list[int], colour: tuple[int, int, int]) -> None:
        cv2.fillPoly(picture, [cv2.convexHull(np.rint(points[which]).astype(np.int32))], colour, cv2.LINE_AA)

    cv2.ellipse(
        picture, (side // 2, int(0.48 * side)), (int(0.27 * side), int(0.37 * side)), 0, 0, 360, (40, 50, 70), -1
    )
    fill(list(range(27)), (140, 170, 225))
    for eye in (range(36, 42), range(42, 48)):
        fill(list(eye), (240, 245, 245))
        x, y = points[list(eye)].mean(0)
        cv2.circle(picture, (int(x), int(y)), max(1, side // 60), (60, 40, 30), -1, cv2.LINE_AA)
    for brow in (range(17, 22), range(22, 27)):
        cv2.polylines(picture, [np.rint(points[list(brow)]).astype(np.int32)], False, (30, 40, 60), max(1, side // 64))
    fill(list(range(48, 60)), (90, 80, 190))
    fill(list(range(60, 68)), (40, 20, 50))
    noise = cv2.resize(rng.normal(0, 8, (side // 8, side // 8, 3)).astype(np.float32), (side, side))
    return np.clip(cv2.GaussianBlur(picture, (0, 0), side / 256) + noise, 0, 255)
