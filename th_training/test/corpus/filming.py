"""Videos of the shipped face, speaking a real recording: what it says, when, and how far its pictures lag are known."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from th_audio_features import extract
from th_audio_io.sources import FileSource, example_path
from th_common.default_model import default_model_folder
from th_face_predictor import load_predictor
from th_face_renderer import load_face

TEXT = "And you always want to see it in the superlative degree."
SIZE = (240, 320)
_TICKS = 6000  # per second
_FACE = 0.42  # of the portrait's 512 px


def speech() -> tuple[np.ndarray, int]:
    """CMU ARCTIC a0007, which comes with pysptk: (N,) float32 in [-1, 1] and its rate."""
    source = FileSource(example_path())
    return np.concatenate(list(source.blocks())).mean(axis=1), source.rate


def codes_of(samples: np.ndarray, rate: int) -> np.ndarray:
    """(T, 16) what the shipped face makes of a sound, row i at (i + 1) / 60 s."""
    predictor = load_predictor(default_model_folder())
    return predictor.predict(extract(samples, rate, profile=predictor.profile))


class Camera:
    """Films the shipped face; `people` stand side by side."""

    def __init__(self) -> None:
        self._face = load_face(default_model_folder())
        noise = np.random.default_rng(1).integers(60, 190, (12, 16, 3), np.uint8)
        self.backdrop = cv2.resize(noise, SIZE[::-1], interpolation=cv2.INTER_CUBIC)

    def picture(self, code: np.ndarray, people: int) -> np.ndarray:
        """Uint8 BGR."""
        result = self.backdrop.copy()
        portrait = cv2.GaussianBlur(self._face.render(code, size=(512, 512)), (0, 0), 1.0)
        size = _FACE if people < 2 else 0.3
        for k in range(people):
            x = SIZE[1] * (2 * k + 1) / (2 * people) - 256 * size
            move = np.array([[size, 0, x], [0, size, SIZE[0] / 2 - 256 * size]])
            cv2.warpAffine(portrait, move, SIZE[::-1], dst=result, borderMode=cv2.BORDER_TRANSPARENT)
        return result

    def film(
        self,
        path: Path,
        samples: np.ndarray | None,
        rate: int,
        *,
        codes: np.ndarray,
        times: np.ndarray,
        lag: float = 0.0,
        people: int = 1,
        sound_start: float = 0.0,
        fps: int = 25,
    ) -> Path:
        """A video whose pictures are shown at `times` (s) and show the codes' face of `lag` s before; the sound is muxed in,
        beginning at `sound_start` s of the file's clock."""
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=fps)
            stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
            stream.bit_rate = 4_000_000
            if path.suffix != ".avi":
                stream.codec_context.time_base = Fraction(1, _TICKS)
            track = None
            if samples is not None:
                track = container.add_stream("pcm_s16le", rate=rate)
                frame = av.AudioFrame.from_ndarray(
                    np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)[None], format="s16", layout="mono"
                )
                frame.rate, frame.pts, frame.time_base = rate, round(sound_start * rate), Fraction(1, rate)
                packets = list(track.encode(frame))
            for k, time in enumerate(times):
                row = np.interp((time + 0.5 / fps - lag) * 60 - 1, np.arange(len(codes)), np.arange(len(codes)))
                frame = av.VideoFrame.from_ndarray(self.picture(codes[round(row)], people), format="bgr24")
                if path.suffix == ".avi":
                    frame.pts, frame.time_base = k, Fraction(1, fps)
                else:
                    frame.pts, frame.time_base = round(time * _TICKS), Fraction(1, _TICKS)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
            if track is not None:
                container.mux(packets)
                container.mux(track.encode())
        return path
