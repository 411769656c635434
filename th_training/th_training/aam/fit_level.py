"""One scale of a fit: everything that Lucas-Kanade needs of the model, computed once.

Inverse compositional fitting of an active appearance model (Matthews and Baker, "Active Appearance Models Revisited",
2004) in Wiberg's form: the appearance is solved for exactly and the shape moves by the gradients of the texture that the
face has now (Papandreou and Maragos 2008; Tzimiropoulos and Pantic 2013). Its Hessian is quadratic in the appearance
parameters and kept as that. A texel's place in the picture is a similarity of a linear function of the shape parameters,
so a warp is one product with a fixed basis, a similarity and one cv2.remap: no triangle is looked up while fitting.

The project-out form, with the mean texture's gradients and one fixed gain matrix, takes 0.04 ms less of 0.2 ms per step,
but comes to rest 0.5 px from the truth on a face that talks, where this one has 0.17 px.

Steps q = (a, b, x, y, p_1..p_S): small similarity [[1 + a, -b], [b, 1 + a]] with shift (x, y), then shape.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from th_training.aam.fit_arrays import FitArrays
from th_training.aam.frame import TextureFrame

FAR = 1.0
"""px of the model: a step that moves the landmarks by more may be asked to hold the shape."""

_ROW = 128  # cv2.remap takes two-dimensional maps: texels lie in rows of this many


@dataclass
class State:
    """Where the face is: picture px = turn @ model px + shift; shape (S,) and look (A,) in the model's units.

    light (6,): what each channel's gain is above 1, and its offset in levels; (0,) where the model has its own light only.
    """

    turn: np.ndarray
    shift: np.ndarray
    shape: np.ndarray
    look: np.ndarray
    light: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def size(self) -> float:
        """Picture px per model px."""
        return float(np.hypot(self.turn[0, 0], self.turn[1, 0]))

    def onward(self, before: State) -> State:
        """Where the head is one picture later if it goes on as it did from `before` to here; all else as it is here."""
        change = self.turn @ np.linalg.inv(before.turn)
        shift = self.shift + change @ (self.shift - before.shift)
        return replace(self, turn=change @ self.turn, shift=shift)

    def step_back(self, step: np.ndarray, *, limit: float) -> None:
        """Compose with the inverse of a small step q; no shape parameter leaves +-limit."""
        a, b = 1 + step[0], step[1]
        inverse = np.array([[a, b], [-b, a]]) / (a * a + b * b)
        self.shift = self.shift - self.turn @ (inverse @ step[2:4])
        self.turn = self.turn @ inverse
        self.shape = np.clip(self.shape - step[4:], -limit, limit)


@dataclass(frozen=True)
class View:
    """A part of a picture, perhaps made smaller: `image`, its origin (2,) and its px per px of the picture (2,)."""

    image: np.ndarray
    origin: np.ndarray
    ratio: np.ndarray

    @classmethod
    def around(cls, image: np.ndarray, points: np.ndarray, ratio: float, *, margin: float = 0.2) -> View:
        """The part around points (N, 2), made smaller where `ratio` is well below 1 (then by area, without aliasing)."""
        if ratio > 0.8:
            return cls(image, np.zeros(2), np.ones(2))
        low, high = points.min(0), points.max(0)
        room = margin * (high - low).max() + 2
        height, width = image.shape[:2]
        x0, y0 = np.clip(np.floor(low - room), 0, [width - 2, height - 2]).astype(int)
        x1, y1 = np.clip(np.ceil(high + room), [x0 + 2, y0 + 2], [width, height]).astype(int)
        size = max(1, round((x1 - x0) * ratio)), max(1, round((y1 - y0) * ratio))
        part = cv2.resize(image[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA)
        return cls(part, np.array([x0, y0], float), np.array([size[0] / (x1 - x0), size[1] / (y1 - y0)]))


class Level:
    """Steps of a fit at one scale of the model; zoom: px of this level per model px; every: n-th texel is used."""

    def __init__(self, arrays: FitArrays, *, zoom: float = 1.0, every: int = 1) -> None:
        height, width = arrays.texture.shape[:2]
        frame = TextureFrame(arrays.reference, arrays.triangles, (height, width))
        grid = np.add.outer(every // 2 * np.arange(height), np.arange(width)) % every == 0
        rows, columns = np.nonzero((frame.labels >= 0) & arrays.used & grid)
        corners = arrays.triangles[frame.labels[rows, columns]]
        field = np.concatenate([arrays.points[None], arrays.modes]) / zoom  # (1 + S, 68, 2) model px
        places = np.einsum("nk,snkc->csn", frame.barycentric[rows, columns].astype(float), field[:, corners])
        self.zoom, self.texels = zoom, len(rows)
        self._rows = -(-self.texels // _ROW)
        padded = np.pad(places, ((0, 0), (0, 0), (0, self._rows * _ROW - self.texels)), mode="edge")
        self._basis = np.ascontiguousarray(np.concatenate(list(padded), 1), np.float32)
        # Filled anew at every step: fresh arrays of this size cost more than the arithmetic (the kernel clears their pages)
        self._places = np.empty(2 * self._rows * _ROW, np.float32)
        self._maps, self._spare = np.empty((2, self._rows, _ROW), np.float32), np.empty((self._rows, _ROW), np.float32)
        self._picture = np.empty((self._rows, _ROW, 3), np.uint8)
        self._seen, self._rest, self._inside = np.empty((3, 3 * self.texels), np.float32)
        self._pulls, self._pull = np.empty((2, 3 * self.texels), np.float32), np.empty(2 * self.texels, np.float32)
        moves = _along(field[0].T, field[1:].transpose(2, 0, 1))  # (2, Q, 68)
        self._moves = np.einsum("cqp,crp->qr", moves, moves) / moves.shape[2]

        along = _along(places[:, 0], places[:, 1:]) * zoom  # (2, Q, n): level px per unit of a step
        planes = np.concatenate([arrays.texture[None], arrays.looks]).astype(np.float64)
        values = planes[:, rows, columns].reshape(len(planes), -1)
        span, mixing = np.linalg.qr(np.c_[values[1:].T, _exposures(values[0])] if arrays.any_light else values[1:].T)
        known = arrays.sloped[rows, columns][:, None]
        slopes = np.stack([np.stack(np.gradient(plane, axis=(1, 0)))[:, rows, columns] * known for plane in planes])
        steepest = np.einsum("adnc,dqn->ancq", slopes, along, optimize=True).reshape(len(planes), -1, along.shape[1])
        outer = np.concatenate([s - span @ (span.T @ s) for s in steepest], 1)
        products = (outer.T @ outer).reshape(len(planes), along.shape[1], len(planes), along.shape[1])
        self._hessian = np.ascontiguousarray(products.transpose(1, 3, 0, 2)).reshape(along.shape[1] ** 2, -1)
        self._mean = values[0].astype(np.float32)
        self.mixing = mixing
        self._span, self._unmix = np.ascontiguousarray(span.T, np.float32), np.linalg.inv(mixing)
        self._slopes = np.ascontiguousarray(slopes.reshape(len(planes), -1), np.float32)
        self._along = np.ascontiguousarray(along.transpose(1, 0, 2).reshape(along.shape[1], -1), np.float32)
        self._channels = np.ones(3, np.float32)

    def sample(self, view: View, state: State) -> np.ndarray:
        """The picture at the texels: (n * 3,) float32 levels, valid until the next call."""
        coefficients = np.empty(len(self._basis), np.float32)
        coefficients[0], coefficients[1:] = 1.0, state.shape
        x, y = np.dot(coefficients, self._basis, out=self._places).reshape(2, self._rows, _ROW)
        turn = (state.turn * view.ratio[:, None]).astype(np.float32)
        shift = ((state.shift - view.origin + 0.5) * view.ratio - 0.5).astype(np.float32)
        for axis, target in enumerate(self._maps):
            np.multiply(x, turn[axis, 0], out=target)
            target += np.multiply(y, turn[axis, 1], out=self._spare)
            target += shift[axis]
        map_x, map_y = self._maps
        cv2.remap(view.image, map_x, map_y, cv2.INTER_LINEAR, dst=self._picture, borderMode=cv2.BORDER_REPLICATE)
        self._seen[:] = self._picture.reshape(-1)[: len(self._seen)]
        return self._seen

    def step(
        self, seen: np.ndarray, state: State, prior: float, caution: float = 0.0, *, rigid: bool = False
    ) -> tuple[np.ndarray, float]:
        """One step q from what is seen, and the mean square of what no appearance explains; sets state.look.

        prior: what a shape parameter of 1 costs, in squared levels of one texel; caution: what changing it by 1 costs,
        where the step would otherwise go FAR; rigid: the shape stays as it is.
        """
        rest = np.subtract(seen, self._mean, out=self._rest)
        inside = self._span @ rest
        rest -= np.dot(inside, self._span, out=self._inside)
        state.look, state.light = np.split(self._unmix @ inside, [len(self._slopes) - 1])
        now = np.r_[1.0, state.look]
        slopes = np.dot(now.astype(np.float32), self._slopes, out=self._pulls.reshape(-1)).reshape(2, -1)
        slopes *= rest
        right = (self._along @ np.dot(slopes.reshape(-1, 3), self._channels, out=self._pull)).astype(np.float64)
        right[4:] += prior * state.shape
        hessian = (self._hessian @ np.outer(now, now).ravel()).reshape(len(right), -1)
        if rigid:
            step = np.zeros(len(right))
            step[:4] = np.linalg.solve(hessian[:4, :4], right[:4])
            return step, float(rest @ rest) / len(rest)
        shape = hessian.ravel()[4 * (len(right) + 1) :: len(right) + 1]
        shape += prior
        step = np.linalg.solve(hessian, right)
        if caution and self.moved(step) > FAR:
            shape += caution
            step = np.linalg.solve(hessian, right)
        return step, float(rest @ rest) / len(rest)

    def moved(self, step: np.ndarray) -> float:
        """How far a step moves the landmarks, root mean square, in model px."""
        return float(np.sqrt(step @ self._moves @ step))


def _along(points: np.ndarray, modes: np.ndarray) -> np.ndarray:
    """Movement of points (2, N) with shape modes (2, S, N) by a unit of each parameter of a step: (2, 4 + S, N)."""
    x, y = points
    none, one = np.zeros_like(x), np.ones_like(x)
    return np.concatenate([np.stack([np.stack([x, -y, one, none]), np.stack([y, x, none, one])]), modes], 1)


def _exposures(mean: np.ndarray) -> np.ndarray:
    """What another exposure or white balance adds to a texture (n * 3,): per channel itself and a constant, (n * 3, 6)."""
    channels = np.tile(np.eye(3), (len(mean) // 3, 1))
    return np.c_[channels * mean[:, None], channels]
