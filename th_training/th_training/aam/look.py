"""The appearance half of a code, read off a picture at the size the face is fitted at.

The same estimate as `TextureCoder` makes of a whole portrait: least squares over what is seen, with the triangles' weights,
over the whole face with the inside of the mouth and the ring around it; but on fewer texels, taken straight from the picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.sparse import csr_matrix

from th_face_renderer.face_model import LANDMARKS, FaceModel, arrange_mouth
from th_training.aam.appearance import PRIOR
from th_training.aam.fit_level import View
from th_training.aam.frame import TextureFrame
from th_training.aam.texels import Layout

_ROW = 128
_SOFTENED = (
    0.45  # px; brings the picture drawn from the code 0.6 dB nearer to the one that the whole portrait's code gives
)


class LookReader:
    """Appearance parameters (A,) of a face whose landmarks in a picture are known."""

    def __init__(self, model: FaceModel, *, diagonal: float = 150.0) -> None:
        self._model = model
        spread = float(np.linalg.norm(np.ptp(model.reference[:LANDMARKS].astype(np.float64), axis=0)))
        height, width = model.texture_mean.shape[:2]
        shrink = min(1.0, diagonal / spread)
        size = round(width * shrink), round(height * shrink)
        ratio = np.array([size[0] / width, size[1] / height])
        frame = TextureFrame((model.reference + 0.5) * ratio - 0.5, model.triangles, size[::-1])
        layout = Layout.of(frame)
        self._frame = frame
        self.scale = size[0] / model.canvas[1]
        """Texels per px of the canvas, along one side."""

        def small(texture: np.ndarray) -> np.ndarray:
            thin = cv2.resize(texture, size, interpolation=cv2.INTER_AREA)
            if shrink < 1:  # a picture is made smaller and then interpolated, which softens it
                thin = cv2.GaussianBlur(thin, (0, 0), _SOFTENED)
            return layout.take(thin).reshape(-1)

        self._mean = small(model.texture_mean)
        self._modes = np.array([small(mode) for mode in model.whole_modes()])
        self._count = len(layout.rows)
        self._spans = [(t, slice(3 * s.start, 3 * s.stop)) for t, s in layout.spans()]
        self._triangles = np.array([t for t, _ in self._spans])
        self._lengths = np.array([s.stop - s.start for _, s in self._spans])
        self._weights = layout.weights[self._triangles]
        grams = [self._modes[:, s] @ self._modes[:, s].T for _, s in self._spans]
        self._grams = (np.array(grams) * self._weights[:, None, None]).reshape(len(grams), -1)
        self._prior = PRIOR * self._grams.sum(0).reshape(len(self._modes), -1).diagonal()

        corners = model.triangles[frame.labels[layout.rows, layout.columns]]
        rows = -(-self._count // _ROW) * _ROW
        padded = np.minimum(np.arange(rows), self._count - 1)
        weights = frame.barycentric[layout.rows, layout.columns][padded].ravel()
        places = np.repeat(np.arange(rows), 3), corners[padded].ravel()
        self._picture, self._rest = np.empty((rows // _ROW, _ROW, 3), np.uint8), np.empty(3 * self._count, np.float32)
        self._places = csr_matrix((weights, places), shape=(rows, len(model.reference)), dtype=np.float32)

    def points(self, shape: np.ndarray) -> np.ndarray:
        """(S,) sd -> all points (P, 2) of the face, canvas px; those inside the mouth where the lips leave room."""
        points = self._model.shape_mean + np.tensordot(np.asarray(shape, np.float32), self._model.shape_modes, 1)
        return arrange_mouth(points, self._model.mouth_rows)

    def read(
        self, image: np.ndarray, shape: np.ndarray, pose: np.ndarray, light: np.ndarray | None = None
    ) -> np.ndarray:
        """(A,) sd of a picture whose face has this shape (S,) and pose (2, 3), canvas px to picture px.

        light (6,): gains above 1 and offsets (`Fitter.light`) that the camera had other than when the face was built.
        """
        points = self.points(shape)
        placed = points @ pose[:, :2].T + pose[:, 2]
        ratio = self.scale / float(np.hypot(*pose[:, 0]))
        view = View.around(image, placed[:LANDMARKS], ratio, margin=0.4)
        maps = self._places @ ((placed - view.origin + 0.5) * view.ratio - 0.5).astype(np.float32)
        x, y = np.ascontiguousarray(maps.T).reshape(2, -1, _ROW)
        cv2.remap(view.image, x, y, cv2.INTER_LINEAR, dst=self._picture, borderMode=cv2.BORDER_REPLICATE)
        visible = self._frame.visibility(points, scale=self.scale)[self._triangles]
        rest = self._rest
        rest[:] = self._picture.reshape(-1)[: len(rest)]
        if light is not None and len(light):
            channels = rest.reshape(-1, 3)
            channels -= light[3:].astype(np.float32)
            channels /= 1 + light[:3].astype(np.float32)
        rest -= self._mean
        rest *= np.repeat((visible * self._weights).astype(np.float32), self._lengths)
        left = (visible @ self._grams).reshape(len(self._modes), -1) + np.diag(self._prior)
        return np.linalg.solve(left, self._modes @ rest)
