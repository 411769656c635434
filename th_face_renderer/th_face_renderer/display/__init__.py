"""Where the face appears: the page in a browser, the window on a screen, image topics."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt


class Display(Protocol):
    """A place where the face appears. All calls come from one thread, the show's.

    `lead` is how long (s) before its time a picture must be handed over: the time it takes to reach the eye.
    """

    lead: float

    def open(self) -> None:
        """The show begins."""

    def poll(self) -> int:
        """Look after the display, on every tick; how many look at it (0: nothing need be drawn)."""

    def show(self, picture: npt.NDArray[np.uint8], present_at: float) -> None:
        """Show a picture (h, w, 3) BGR that is due at `present_at` (s); it may change after the call."""

    def close(self) -> None:
        """The show is over."""
