"""Figures about round trips of whole videos, and the frames that came out worst."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from th_face_renderer.face_model import CODE_LIMIT
from th_training.aam.round_trip import Trip

KEPT = 24  # worst frames whose pictures are kept
_MEASURES = ("psnr_face", "psnr_lips", "rmse_face", "landmark_error")


@dataclass
class Residuals:
    """Collects trips; keeps figures of all, and pictures of the worst (PSNR inside the face)."""

    rows: dict[str, list[tuple[float, ...]]] = field(default_factory=dict)
    frames: dict[str, list[int]] = field(default_factory=dict)
    codes: dict[str, list[np.ndarray]] = field(default_factory=dict)
    _worst: list[tuple[float, int, Trip]] = field(default_factory=list)
    _count: int = 0

    def add(self, trip: Trip) -> None:
        """Take one trip in."""
        self.rows.setdefault(trip.clip, []).append(tuple(getattr(trip, name) for name in _MEASURES))
        self.frames.setdefault(trip.clip, []).append(trip.frame)
        self.codes.setdefault(trip.clip, []).append(trip.code)
        self._count += 1
        heapq.heappush(self._worst, (-trip.psnr_face, self._count, trip))
        if len(self._worst) > KEPT:
            heapq.heappop(self._worst)

    def taking(self, trips: Iterable[Trip]) -> Iterator[Trip]:
        """The same trips, each taken in as it passes."""
        for trip in trips:
            self.add(trip)
            yield trip

    def forget(self, clip: str) -> None:
        """Leave a clip out after all: it broke off half-way."""
        for kept in (self.rows, self.frames, self.codes):
            kept.pop(clip, None)
        self._worst = [item for item in self._worst if item[2].clip != clip]
        heapq.heapify(self._worst)

    def worst(self) -> list[Trip]:
        """The worst frames, the very worst first."""
        return [trip for _, _, trip in sorted(self._worst, key=lambda item: -item[0])]

    def figures(self) -> dict[str, Any]:
        """JSON-able: of all clips together, of each, and the worst frames."""
        everything = [row for rows in self.rows.values() for row in rows]
        codes = np.concatenate([np.stack(clip) for clip in self.codes.values()])
        return {
            "all": {
                "clips": len(self.rows),
                **_summary(everything),
                "codes_beyond_limit": round(float((np.abs(codes) > CODE_LIMIT).any(1).mean()), 4),
                "codes_sd": [round(float(x), 3) for x in codes.std(0)],
            },
            "clips": {clip: _summary(rows) for clip, rows in self.rows.items()},
            "worst": [
                {"clip": trip.clip, "frame": trip.frame, "psnr_face_db": round(trip.psnr_face, 2)}
                for trip in self.worst()
            ],
        }


def _summary(rows: list[tuple[float, ...]]) -> dict[str, float]:
    values = np.array(rows)
    face, lips, rmse, error = values.T
    return {
        "frames": len(values),
        "psnr_face_db": round(float(face.mean()), 2),
        "psnr_face_worst_db": round(float(face.min()), 2),
        "psnr_lips_db": round(float(lips.mean()), 2),
        "rmse_face_levels": round(float(rmse.mean()), 2),
        "landmark_error_px": round(float(error.mean()), 3),
    }
