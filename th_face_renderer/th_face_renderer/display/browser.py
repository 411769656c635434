"""The page as a display: codes for pages that draw, JPEG files for the others, a little before they are due."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from th_face_renderer.display.jpeg import encode_jpeg
from th_face_renderer.display.page import PageServer
from th_face_renderer.display.page_protocol import Look
from th_face_renderer.layer import NEUTRAL, Layer


class _OnPage:
    """Whoever started the PageServer stops it."""

    look: Look

    def __init__(self, page: PageServer, *, lead: float) -> None:
        self.lead = lead
        self._page = page

    def open(self) -> None:
        """Nothing to do."""

    def poll(self) -> int:
        """How many pages want this."""
        return self._page.looking(self.look)

    def close(self) -> None:
        """Nothing to do."""


class Browser(_OnPage):
    """Shows pictures on a started PageServer. `quality` is asked for every picture."""

    look = Look.PICTURES

    def __init__(self, page: PageServer, *, lead: float, quality: Callable[[], int]) -> None:
        super().__init__(page, lead=lead)
        self._quality = quality

    def show(self, picture: npt.NDArray[np.uint8], present_at: float) -> None:
        """Send a picture to the pages that want pictures."""
        self._page.show(encode_jpeg(picture, self._quality()), present_at)


class DrawingBrowser(_OnPage):
    """Sends codes to the pages of a started PageServer that draw them: nothing is drawn here for them."""

    look = Look.CODES

    def show_code(self, code: npt.NDArray[np.float32], present_at: float, *, layer: Layer = NEUTRAL) -> None:
        """Send a code (N,) and what lies over it to the pages that draw."""
        self._page.show_code(code, present_at, layer=layer)
