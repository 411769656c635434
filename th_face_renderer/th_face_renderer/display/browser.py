"""The page as a display: pictures travel as JPEG, a little before they are due."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from th_face_renderer.display.jpeg import encode_jpeg
from th_face_renderer.display.page import PageServer


class Browser:
    """Shows the face on a started PageServer; whoever started it stops it. `quality` is asked for every picture."""

    def __init__(self, page: PageServer, *, lead: float, quality: Callable[[], int]) -> None:
        self.lead = lead
        self._page, self._quality = page, quality

    def open(self) -> None:
        """Nothing to do."""

    def poll(self) -> int:
        """How many pages are open."""
        return self._page.viewers

    def show(self, picture: npt.NDArray[np.uint8], present_at: float) -> None:
        """Send a picture to every page."""
        self._page.show(encode_jpeg(picture, self._quality()), present_at)

    def close(self) -> None:
        """Nothing to do."""
