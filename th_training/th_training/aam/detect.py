"""Where a face is, roughly: what a fit starts from when there is no frame before.

Detectors that need no landmarks: dlib's (histograms of oriented gradients; the detector has no weights of its own licence)
where dlib is installed, and OpenCV's cascade, whose file comes with OpenCV. How a detector's box lies on the face is
measured on the model's own portrait, so that any detector will do.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np

from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.face_model import LANDMARKS, FaceModel

_WIDEST = 640  # px: larger pictures are made smaller to look for a face
_NARROWEST = 480  # px: smaller ones are enlarged where no face is seen, for detectors want faces of 80 px


class Box(NamedTuple):
    """A square around a face: centre and side, px."""

    x: float
    y: float
    side: float


class Detector(Protocol):
    """Faces of a BGR picture, the surest first."""

    def __call__(self, image: np.ndarray) -> list[Box]:
        """Boxes, none where no face is seen."""
        ...


class CascadeDetector:
    """OpenCV's frontal face cascade (Viola and Jones, 2001)."""

    def __init__(self) -> None:
        path = os.path.join(cv2.data.haarcascades, "haarcascade_frontalface_alt2.xml")  # type: ignore[attr-defined]
        self._cascade = cv2.CascadeClassifier(path)

    def __call__(self, image: np.ndarray) -> list[Box]:
        boxes = self._cascade.detectMultiScale(image, scaleFactor=1.1, minNeighbors=3, minSize=(60, 60))
        order = sorted(boxes, key=lambda box: -box[2]) if len(boxes) else []
        return [Box(x + w / 2 - 0.5, y + h / 2 - 0.5, float(w)) for x, y, w, h in order]


class DlibDetector:
    """dlib's frontal face detector; `threshold`: of its score. Raises ImportError where dlib is not installed."""

    def __init__(self, *, threshold: float = -0.2) -> None:
        self._detector: Any = importlib.import_module("dlib").get_frontal_face_detector()
        self._threshold = threshold

    def __call__(self, image: np.ndarray) -> list[Box]:
        boxes, scores, _ = self._detector.run(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), 0, self._threshold)
        found = [boxes[i] for i in np.argsort(scores)[::-1]]
        return [Box((b.left() + b.right()) / 2, (b.top() + b.bottom()) / 2, float(b.width())) for b in found]


def default_detectors() -> list[Detector]:
    """dlib's where it is installed, then OpenCV's."""
    try:
        return [DlibDetector(), CascadeDetector()]
    except ImportError:
        return [CascadeDetector()]


class FaceFinder:
    """Rough landmarks of faces in pictures: the mean shape where detectors see a face."""

    def __init__(self, model: FaceModel, detectors: list[Detector] | None = None) -> None:
        self._mean = model.shape_mean[:LANDMARKS].astype(np.float64)
        self._detectors = default_detectors() if detectors is None else detectors
        portrait = FaceDecoder(model).render(model.rest)
        self._boxes = [next(iter(detect(detector, portrait)), self._usual()) for detector in self._detectors]

    def __call__(self, image: np.ndarray) -> Iterator[np.ndarray]:
        """Landmarks (68, 2) px, the surest first; the next detector is asked only if these are not enough."""
        for detector, own in zip(self._detectors, self._boxes, strict=True):
            for box in detect(detector, image)[:2]:
                scale = box.side / own.side
                yield (self._mean - [own.x, own.y]) * scale + [box.x, box.y]

    def _usual(self) -> Box:
        """The box that detectors mostly have, where this one does not know the face's portrait."""
        low, high = self._mean.min(0), self._mean.max(0)
        centre = (low + high) / 2
        return Box(float(centre[0]), float(centre[1]), float(1.1 * (high - low).max()))


def detect(detector: Detector, image: np.ndarray) -> list[Box]:
    """Boxes in px of the picture; a small picture in which no face is seen is enlarged and looked at again."""
    height, width = image.shape[:2]
    zoom = min(1.0, _WIDEST / max(height, width))
    boxes = _detect_at(detector, image, zoom)
    if not boxes and min(height, width) * zoom < _NARROWEST:
        boxes = _detect_at(detector, image, 2 * zoom)
    return boxes


def _detect_at(detector: Detector, image: np.ndarray, zoom: float) -> list[Box]:
    height, width = image.shape[:2]
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    if size != (width, height):
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
    ratio = np.array([size[0] / width, size[1] / height])
    boxes = []
    for box in detector(image):
        x, y = (np.array([box.x, box.y]) + 0.5) / ratio - 0.5
        boxes.append(Box(float(x), float(y), box.side / ratio[0]))
    return boxes
