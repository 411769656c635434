"""ROS times as seconds and back; float64 resolves 0.24 microseconds at today's epoch."""

from __future__ import annotations

from typing import Protocol


class TimeMessage(Protocol):
    """Anything with the fields of builtin_interfaces/Time."""

    sec: int
    nanosec: int


def to_seconds(stamp: TimeMessage) -> float:
    """builtin_interfaces/Time -> s."""
    return stamp.sec + stamp.nanosec * 1e-9


def to_fields(seconds: float) -> tuple[int, int]:
    """s -> (sec, nanosec) of builtin_interfaces/Time, clamped to what the message can hold."""
    return divmod(round(min(max(seconds, 0.0), 2.0**31 - 1) * 1e9), 1_000_000_000)
