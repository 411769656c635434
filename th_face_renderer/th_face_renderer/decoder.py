"""Facial code to picture: texture of the code, stretched over the points of the code."""

from __future__ import annotations

import operator
import os
import reprlib
import threading
from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from th_common.errors import InputError
from th_face_renderer import kernel
from th_face_renderer.background import Background, Colour, Image, paint, read_background
from th_face_renderer.face_model import FaceModel, Floats, load
from th_face_renderer.layer import NEUTRAL, Layer
from th_face_renderer.raster import Raster
from th_face_renderer.stage import Stage
from th_face_renderer.texture import CvTexture, KernelTexture, Texture, active_texels
from th_face_renderer.warp import Warp

MAX_SIDE = 4096
FEATHER = 3.0
"""Pixels over which the mesh's outline fades into the background."""
_SIZES_KEPT = 3


class FaceDecoder:
    """Renders the codes of one face, at any output size.

    The picture is the face's canvas, as large as it fits, centred on a background: a colour (B, G, R) or "#rrggbb", or a
    picture (array or path) that fills the frame. The mesh's outline fades into it over `feather` px; with 0 every pixel
    is either. `exact` draws the piecewise-affine warp at pixel centres and nothing else: no soft outline, and the gap
    between the lips as it falls on pixels instead of averaged. Codes beyond 4 standard deviations are clamped. One
    thread at a time may draw; a second one is refused.

    `backend` is "c" (the package's kernel) or "numpy" (numpy and OpenCV, about three times slower); by default the first
    that there is. `expressions` are codes by name, for whoever wants to show one; `load_face` takes them from the card.

    Raises:
        InputError: the background cannot be read, or a backend is asked for that is not there; said in words.
    """

    def __init__(
        self,
        model: FaceModel,
        *,
        model_id: str = "",
        background: Background = (0, 0, 0),
        feather: float = FEATHER,
        exact: bool = False,
        backend: str | None = None,
        expressions: Mapping[str, npt.ArrayLike] | None = None,
    ) -> None:
        if not isinstance(feather, (int, float, np.number)) or not 0 <= feather <= 100:
            raise InputError(f"feather of {feather!r} px is not a number in 0..100")
        if backend not in (None, "c", "numpy"):
            raise InputError(f"backend {backend!r} is neither 'c' nor 'numpy'")
        if backend == "c" and kernel.library() is None:
            raise InputError(f"backend 'c' is not there: {kernel.problem()}")
        self.model = model
        self.model_id = model_id
        self.expressions = {name: model.check_code(code) for name, code in (expressions or {}).items()}
        self.backend = backend or ("numpy" if kernel.library() is None else "c")
        self._background, self._feather, self._exact = read_background(background), 0.0 if exact else feather, exact
        self._next_background: Colour | Image | None = None
        self._texture: Texture = KernelTexture(model) if self.backend == "c" else CvTexture(model)
        self._active = active_texels(model)
        self._drawing = threading.Lock()
        self._sizes: OrderedDict[tuple[int, int], Raster | Warp] = OrderedDict()

    @property
    def rest_code(self) -> Floats:
        """The code (16,) of the face when nobody speaks."""
        return self.model.rest.copy()

    @property
    def canvas(self) -> tuple[int, int]:
        """(height, width) of the frame that landmarks live in, the size at which nothing is scaled."""
        return self.model.canvas

    def set_background(self, background: Background) -> None:
        """Another background from the next picture on; from any thread.

        Raises:
            InputError: it cannot be read; said in words, and the old one stays.
        """
        self._next_background = read_background(background)

    def landmarks(self, code: npt.ArrayLike) -> Floats:
        """The 68 landmarks (68, 2) of a code (16,), x and y in canvas px, y down.

        Raises:
            InputError: the code has another length, or NaN or infinity in it.
        """
        return self.model.landmarks(code)

    def render(
        self,
        code: npt.ArrayLike,
        size: tuple[int, int] | None = None,
        *,
        layer: Layer = NEUTRAL,
        copy: bool = True,
    ) -> Image:
        """Draw a code (16,) as uint8 (height, width, 3) BGR; `size` is (height, width), by default the canvas.

        `layer`: lids, gaze and breath over it, cut off at their ranges; without one the picture is the code's alone.
        With `copy=False` the picture belongs to the decoder, cannot be written to, and is good until the next call.

        Raises:
            InputError: the code has another length or NaN or infinity in it, the size is not two whole numbers in
                2..MAX_SIDE, or another thread is drawing with this decoder.
        """
        code = self.model.check_code(code)
        checked = _check_size(self.canvas if size is None else size)
        if not self._drawing.acquire(blocking=False):
            raise InputError("this decoder is drawing in another thread: give every thread a decoder of its own")
        try:
            fresh, self._next_background = self._next_background, None
            if fresh is not None:
                self._background = fresh
                self._sizes.clear()
            drawer, shape = self._drawer(checked), self.model.dimensions[0]
            self._texture.set(code[shape:])
            layer = layer.clamped()
            points = self.model.lifted(self.model.points_of(code[:shape]), layer.lift)
            frame = drawer.draw(points, self._texture.texels, layer)
            return frame.copy() if copy else frame
        finally:
            self._drawing.release()

    def _drawer(self, size: tuple[int, int]) -> Raster | Warp:
        if size in self._sizes:
            self._sizes.move_to_end(size)
            return self._sizes[size]
        self._texture.set(np.zeros(self.model.dimensions[1], np.float32))
        stage = Stage(self.model, size, active=self._active)
        background, texels = paint(self._background, size), self._texture.texels
        drawer: Raster | Warp
        if self.backend == "c":
            drawer = Raster(self.model, stage, texels, background=background, feather=self._feather, exact=self._exact)
        else:
            drawer = Warp(stage, texels, background=background, feather=self._feather)
        self._sizes[size] = drawer
        if len(self._sizes) > _SIZES_KEPT:
            self._sizes.popitem(last=False)
        return drawer


def _check_size(size: object) -> tuple[int, int]:
    try:
        if not isinstance(size, (tuple, list, np.ndarray)):
            raise TypeError
        height, width = (operator.index(side) for side in size)
    except (TypeError, ValueError):
        words = f"picture size {reprlib.repr(size)} is not two whole numbers (height, width)"
        raise InputError(words) from None
    if not (2 <= height <= MAX_SIDE and 2 <= width <= MAX_SIDE):
        raise InputError(f"picture size {(height, width)} is out of range 2..{MAX_SIDE}")
    return height, width


def load_face(
    folder: str | os.PathLike[str],
    *,
    background: Background = (0, 0, 0),
    feather: float = FEATHER,
    exact: bool = False,
    backend: str | None = None,
) -> FaceDecoder:
    """Load the face of a model folder; the other arguments are FaceDecoder's.

    Raises:
        ModelError: the folder is missing, damaged, or its face does not fit its card.
        InputError: see FaceDecoder.
    """
    model, card = load(folder)
    return FaceDecoder(
        model,
        model_id=card.id,
        background=background,
        feather=feather,
        exact=exact,
        backend=backend,
        expressions=card.expressions,
    )
