"""Pictures and videos of a face whose code and pose are known."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.face_model import FaceModel

SIZE = (240, 320)


class Scene:
    """A face in front of a camera of 320 x 240 px."""

    def __init__(self, model: FaceModel) -> None:
        self.model = model
        self._decoder = FaceDecoder(model)

    def code(self, time: float) -> np.ndarray:
        """(16,): a mouth that moves."""
        code = self.model.rest.astype(np.float64).copy()
        code[:8] = 0.8 * np.sin(2 * np.pi * np.linspace(0.4, 1.5, 8) * time + np.arange(8))
        code[8:] = 0.6 * np.cos(2 * np.pi * np.linspace(0.3, 1.2, 8) * time + np.arange(8))
        return code.astype(np.float32)

    def pose(self, time: float, *, size: float = 0.42) -> np.ndarray:
        """(2, 3), canvas px to px of the picture: a head that sways."""
        angle, scale = 0.08 * np.sin(2.0 * time), size * (1 + 0.05 * np.sin(1.5 * time))
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        middle = np.array(self.model.canvas[::-1]) / 2
        centre = np.array([SIZE[1] / 2 + 12 * np.sin(2.5 * time), SIZE[0] / 2 + 8 * np.cos(1.7 * time)])
        return np.c_[turn, centre - turn @ middle]

    def landmarks(self, time: float) -> np.ndarray:
        """(68, 2) px of the picture."""
        pose = self.pose(time)
        return self.model.landmarks(self.code(time)) @ pose[:, :2].T + pose[:, 2]

    def picture(self, time: float, *, noise: float = 2.0, large: float = 1.0) -> np.ndarray:
        """Uint8 BGR, over grey noise; `large` times the camera's usual size."""
        move = np.diag([large, large]) @ self.pose(time)
        move[:, 2] += 0.5 * large - 0.5
        portrait = self._decoder.render(self.code(time), self.model.canvas)
        factor = float(np.hypot(*move[:, 0]))
        if factor < 0.9:
            portrait = cv2.GaussianBlur(portrait, (0, 0), 0.5 * np.sqrt(1 / factor**2 - 1))
        size = round(SIZE[1] * large), round(SIZE[0] * large)
        rng = np.random.default_rng(int(1000 * time) + 1)
        backdrop = cv2.resize(rng.integers(60, 190, (12, 16, 3), np.uint8), size, interpolation=cv2.INTER_CUBIC)
        cv2.warpAffine(portrait, move, size, dst=backdrop, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)
        return np.clip(backdrop + rng.normal(0, noise, backdrop.shape), 0, 255).round().astype(np.uint8)

    def video(self, path: Path, times: np.ndarray, *, hidden: range = range(0), rate: int = 25) -> Path:
        """A video whose pictures are shown at `times` (s, of their beginning); on `hidden` ones nobody is there."""
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=rate)
            stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
            stream.bit_rate = 4_000_000
            stream.codec_context.time_base = Fraction(1, 1200)
            for k, time in enumerate(times):
                picture = self.picture(float(time) + 0.5 / rate)
                if k in hidden:
                    picture = np.random.default_rng(k).integers(0, 255, (12, 16, 3), np.uint8)
                    picture = cv2.resize(picture, SIZE[::-1], interpolation=cv2.INTER_CUBIC)
                frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
                frame.pts, frame.time_base = round(time * 1200), Fraction(1, 1200)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path
