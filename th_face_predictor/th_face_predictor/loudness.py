"""How loud a voice is within its own range, whatever the microphone's gain: what lies between background and voice."""

from __future__ import annotations

FLOOR_RISE = 1.5 / 60  # per frame, ln units: how fast the background is taken to be louder
PEAK_FALL = 0.15 / 60  # and the voice to be softer
LEAST_RANGE = 4.0  # ln units (17 dB) between background and voice
NOISE = 2.0  # ln units (9 dB) above the background that are still background
FAINTEST = 12.5  # -65 dBFS: below is no voice


class Loudness:
    """Energies of frames in, ln(sum of squares) on the int16 scale; 0 (background) to 1 (as loud as this voice gets) out."""

    def __init__(self) -> None:
        self._floor, self._peak = FAINTEST, FAINTEST + LEAST_RANGE

    def hear(self, energy: float) -> float:
        """How loud the next frame is."""
        self._floor = min(max(energy, FAINTEST - 1.0), self._floor + FLOOR_RISE)
        self._peak = max(energy, self._peak - PEAK_FALL, self._floor + LEAST_RANGE)
        background = max(self._floor + NOISE, FAINTEST)
        return min(max((energy - background) / max(self._peak - background, 1.0), 0.0), 1.0)
