"""Where the face appears: the page in a browser, the window on a screen, image topics."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from th_face_renderer.layer import NEUTRAL, Layer


class Place(Protocol):
    """Somewhere the face appears. All calls come from one thread, the show's.

    `lead` is how long (s) before its time the face must be handed over: the time it takes to reach the eye.
    """

    lead: float

    def open(self) -> None:
        """The show begins."""

    def poll(self) -> int:
        """Look after the display, on every tick; how many look at it (0: nothing need be drawn)."""

    def close(self) -> None:
        """The show is over."""


class Display(Place, Protocol):
    """A place that is shown pictures."""

    def show(self, picture: npt.NDArray[np.uint8], present_at: float) -> None:
        """Show a picture (h, w, 3) BGR that is due at `present_at` (s); it may change after the call."""


@runtime_checkable
class CodeDisplay(Place, Protocol):
    """A place that draws the face itself, from codes."""

    def show_code(self, code: npt.NDArray[np.float32], present_at: float, *, layer: Layer = NEUTRAL) -> None:
        """Show the face of a code (N,), with lids, gaze and breath over it, that is due at `present_at` (s)."""
