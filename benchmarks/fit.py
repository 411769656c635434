"""Fitting a face to pictures: time on one core (CPU of the process), and landmarks against menpofit's and against the truth.

Peer: menpofit's LucasKanadeAAMFitter as it is by default (Wiberg inverse compositional, two scales, 20 steps), in the same
run, with the same model (8 + 8 modes, reference diagonal 150), on the same pictures, each from its own last. Truth:

* actor: the drawn actor talks and moves its head, 30 pictures a second; its landmarks are exact;
* instances: the model's own pictures of random parameters over a blurred background with noise, so that nothing but the
  fitting can be wrong; both fitters begin 2 px off.

`face` is the product's own way: the default face, followed, its code read; `encode` is a whole video, decoding included;
`look` is what of each appearance mode comes back from a drawn picture.
"""

from __future__ import annotations

import json
import logging
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import av
import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator

from th_common.default_model import default_model_folder
from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.face_model import load
from th_training.aam.encode_video import VideoEncoder
from th_training.aam.fit_arrays import FitArrays, menpofit_arrays
from th_training.aam.fitter import GOOD, Fitter
from th_training.aam.follow_face import FaceFollower
from th_training.aam.frame import TextureFrame
from th_training.aam.look import LookReader
from th_training.actor import EMOTIONS, VISEMES, Actor
from th_training.actor.units import weights

SIDE, DIAGONAL, FRAMES, TRAINING, INSTANCES, NOISE = 256, 150, 40, 150, 40, 1.5
LONGER = 300  # pictures for what is quick
RATE = 30


def talk(count: int, seed: int) -> np.ndarray:
    """(count, U): the actor's poses, ten visemes a second, every one with some emotion."""
    rng = np.random.default_rng(seed)
    visemes, emotions = list(VISEMES.values()), list(EMOTIONS.values())
    step = RATE / 10
    keys = [
        weights(visemes[rng.integers(len(visemes))]) + 0.6 * weights(emotions[rng.integers(len(emotions))])
        for _ in range(int(count / step) + 3)
    ]
    return PchipInterpolator(np.arange(len(keys)) * step, np.array(keys))(np.arange(count))


def head(angle: float, size: float, shift: tuple[float, float]) -> np.ndarray:
    """(2, 3): a head's movement in the picture."""
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.full(2, (SIDE - 1) / 2)
    return np.c_[turn, centre + shift - turn @ centre]


def draw(actor: Actor, pose: np.ndarray, move: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A picture with noise and its exact landmarks (68, 2)."""
    still = cv2.warpAffine(
        actor.render(pose), move, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    picture = np.clip(still + rng.normal(0, NOISE, still.shape), 0, 255).round().astype(np.uint8)
    return picture, actor.landmarks(pose) @ move[:, :2].T + move[:, 2]


def instances(
    arrays: FitArrays, background: np.ndarray, rng: np.random.Generator
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pictures of the model's random parameters, and their landmarks."""
    drawn = []
    for _ in range(INSTANCES):
        move = head(rng.normal(0, 0.05), 1 + rng.normal(0, 0.03), tuple(rng.normal(0, 5, 2)))
        shape = arrays.points + np.tensordot(np.clip(rng.normal(0, 0.7, 8), -2, 2), arrays.modes, 1)
        points = (shape + (SIDE - 1) / 2) @ move[:, :2].T + move[:, 2]
        frame = TextureFrame(points, arrays.triangles, (SIDE, SIDE))
        maps = frame.sources(arrays.reference)
        texture = arrays.texture + np.tensordot(np.clip(rng.normal(0, 0.7, 8), -2, 2), arrays.looks, 1)
        texture = filled(texture.astype(np.float32), arrays.used)
        face = cv2.remap(
            texture, np.ascontiguousarray(maps[..., 0]), np.ascontiguousarray(maps[..., 1]), cv2.INTER_CUBIC
        )
        picture = np.where((frame.labels >= 0)[..., None], face, cv2.GaussianBlur(background, (0, 0), 6))
        picture = np.clip(picture + rng.normal(0, NOISE, picture.shape), 0, 255).round().astype(np.uint8)
        drawn.append((picture, points))
    return drawn


def filled(texture: np.ndarray, used: np.ndarray) -> np.ndarray:
    """The texture continued beyond its edge by the nearest texel, so that interpolation there meets no black."""
    _, labels = cv2.distanceTransformWithLabels(
        1 - used.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.zeros((labels.max() + 1, 3), np.float32)
    nearest[labels[used]] = texture[used]
    return nearest[labels]


def error(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance of landmarks (..., 68, 2), px."""
    return float(np.linalg.norm(found - truth, axis=-1).mean())


class Menpofit:
    """The peer, with our coordinates."""

    def __init__(self, pictures: list[np.ndarray], landmarks: list[np.ndarray]) -> None:
        from menpo.landmark import face_ibug_68_to_face_ibug_68_trimesh
        from menpo.shape import PointCloud, TriMesh
        from menpofit.aam import HolisticAAM, LucasKanadeAAMFitter

        self._cloud = PointCloud
        trilist = face_ibug_68_to_face_ibug_68_trimesh(PointCloud(landmarks[0][:, ::-1])).trilist
        images = [self.image(picture) for picture in pictures]
        for image, points in zip(images, landmarks, strict=True):
            image.landmarks["face"] = TriMesh(points[:, ::-1].copy(), trilist=trilist)
        self.aam = HolisticAAM(
            images,
            group="face",
            diagonal=DIAGONAL,
            scales=(0.5, 1.0),
            max_shape_components=8,
            max_appearance_components=8,
        )
        self._fitter = LucasKanadeAAMFitter(self.aam)

    @staticmethod
    def image(picture: np.ndarray):
        from menpo.image import Image

        return Image(np.moveaxis(picture[:, :, ::-1], -1, 0).astype(np.float64) / 255)

    def fit(self, picture: np.ndarray, start: np.ndarray, steps: int | list[int] = 20) -> tuple[np.ndarray, float]:
        """Landmarks (68, 2) and seconds."""
        image, cloud = self.image(picture), self._cloud(start[:, ::-1].copy())
        begin = time.process_time()
        result = self._fitter.fit_from_shape(image, cloud, max_iters=steps)
        return result.final_shape.points[:, ::-1], time.process_time() - begin


def followed(fitter: Fitter, pictures: list[np.ndarray], start: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """Landmarks of pictures, each from the last, and seconds."""
    state, before, found, times = fitter.state(start), None, [], []
    for picture in pictures:
        begin = time.process_time()
        fit = fitter.follow(picture, state, before=before)
        times.append(time.process_time() - begin)
        state, before = fit.state, state
        found.append(fit.landmarks)
    return np.array(found), times


def near(fitter: Fitter, picture: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Landmarks from near ones, as `Tracker` finds them: a fit that explains little is begun again."""
    fit = fitter.follow(picture, fitter.state(start))
    if fit.explained < GOOD:
        fit = max(fit, fitter.restart(picture, fit.state), key=lambda one: one.explained)
    return fit.landmarks


def against_menpofit(actor: Actor, pictures: list[np.ndarray], truth: np.ndarray) -> dict[str, float]:
    rng = np.random.default_rng(1)
    training = [
        draw(actor, pose, head(rng.normal(0, 0.05), 1 + rng.normal(0, 0.03), tuple(rng.normal(0, 6, 2))), rng)
        for pose in talk(TRAINING * 8, 1)[::8]
    ]
    peer = Menpofit([p for p, _ in training], [x for _, x in training])
    arrays = menpofit_arrays(peer.aam)
    ours = Fitter(arrays)

    theirs, converged, slow = [], [], []
    start = truth[0]
    for picture in pictures[:FRAMES]:
        points, seconds = peer.fit(picture, start)
        converged.append(peer.fit(picture, points, [0, 60])[0])
        theirs.append(points)
        slow.append(seconds)
        start = points
    found, quick = followed(ours, pictures, truth[0])
    same = slice(3, FRAMES)
    result = {
        "fit_ms": statistics.median(quick) * 1e3,
        "fit_frames_per_s": 1 / statistics.fmean(quick),
        "fit_ms_menpofit": statistics.median(slow) * 1e3,
        "fit_ratio_menpofit": statistics.median(slow) / statistics.median(quick),
        "fit_difference_px": error(found[same], np.array(theirs)[same]),
        "fit_difference_px_converged": error(found[same], np.array(converged)[same]),
        "fit_error_px_actor": error(found[same], truth[same]),
        "fit_error_px_actor_menpofit": error(np.array(theirs)[same], truth[same]),
        "fit_error_px_actor_longer": error(found[3:], truth[3:]),
    }
    mine, other = [], []
    for picture, points in instances(arrays, pictures[0], rng):
        start = points + rng.normal(0, 2 / np.sqrt(2), 2)
        mine.append(error(near(ours, picture, start), points))
        other.append(error(peer.fit(picture, start)[0], points))
    return {
        **result,
        "fit_error_px_instances": statistics.fmean(mine),
        "fit_error_px_instances_menpofit": statistics.fmean(other),
    }


def product(pictures: list[np.ndarray], truth: np.ndarray) -> dict[str, float]:
    model, _ = load(default_model_folder())
    fitter, reader = Fitter.of_face(model, diagonal=DIAGONAL), LookReader(model, diagonal=DIAGONAL)
    fit, found, times = fitter.start(pictures[0], truth[0]), [], []
    for picture in pictures:
        begin = time.process_time()
        fit = fitter.follow(picture, fit.state)
        reader.read(picture, fit.shape, fit.pose, fitter.light([fit.state]))
        times.append(time.process_time() - begin)
        found.append(fit.landmarks)
    best = np.array([fitter.landmarks(fitter.state(points)) for points in truth])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "talk.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=RATE)
            stream.width, stream.height, stream.pix_fmt, stream.bit_rate = SIDE, SIDE, "yuv420p", 4_000_000
            for picture in pictures:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
            container.mux(stream.encode())
        encoder = VideoEncoder(model)
        begin = time.process_time()
        encoder.encode(path)
        whole = time.process_time() - begin
    return {
        "fit_ms_face": statistics.median(times) * 1e3,
        "fit_error_px_face": error(np.array(found), truth),
        "fit_error_px_face_best": error(best, truth),
        "encode_frames_per_s": len(pictures) / whole,
    }


def looks() -> dict[str, float]:
    """Appearance of the default face, drawn and coded again: per mode what comes back of it, and how surely."""
    model, _ = load(default_model_folder())
    decoder, rng = FaceDecoder(model), np.random.default_rng(4)
    waves = np.outer((np.arange(60) + 0.5) / 15, rng.uniform(0.3, 1.2, 16)) * 2 * np.pi + rng.uniform(0, 6, 16)
    codes = model.rest + 0.9 * np.sin(waves)
    follower = FaceFollower(model, finder=lambda picture: [model.landmarks(codes[0])])
    followed = list(follower.follow(decoder.render(code, model.canvas).copy() for code in codes))
    found = np.array([looked.code for looked in followed])[:, 8:]
    drawn = codes[:, 8:]
    result = {"look_rms_sd": float(np.sqrt(((found - drawn) ** 2).mean()))}
    for mode, (back, given) in enumerate(zip(found.T, drawn.T, strict=True), 1):
        result[f"look_gain_{mode}"] = float(np.polyfit(given, back, 1)[0])
        result[f"look_r_{mode}"] = float(np.corrcoef(given, back)[0, 1])
    return result


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    cv2.setNumThreads(1)
    actor, rng = Actor(SIDE), np.random.default_rng(0)
    moves = [
        head(0.05 * np.sin(3 * t), 1 + 0.03 * np.sin(2 * t), (6 * np.sin(2.3 * t), 5 * np.cos(1.9 * t)))
        for t in np.arange(LONGER) / RATE
    ]
    drawn = [draw(actor, pose, move, rng) for pose, move in zip(talk(LONGER, 2), moves, strict=True)]
    pictures, truth = [p for p, _ in drawn], np.array([x for _, x in drawn])
    result = {**against_menpofit(actor, pictures, truth), **product(pictures, truth), **looks()}
    print(json.dumps({key: round(value, 4) for key, value in result.items()}))


if __name__ == "__main__":
    main()
