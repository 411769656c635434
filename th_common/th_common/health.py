"""What a node knows of its own health: counters, values and named faults, safe to write from any thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """Levels of diagnostic_msgs/DiagnosticStatus (REP 107)."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True)
class _Fault:
    level: Level
    message: str
    until: float | None


@dataclass(frozen=True)
class Snapshot:
    """Health at one moment: the worst level, its message, and all values as text."""

    level: Level
    message: str
    values: dict[str, str]


class Health:
    """Counters, values and named faults of one node.

    A fault that is raised with `hold` seconds goes by itself (an event that a person should still see a while later);
    without, it stays until cleared (a condition).
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._values: dict[str, str] = {}
        self._numbers: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._faults: dict[str, _Fault] = {}

    def set(self, key: str, value: object) -> None:
        """Set a value to show: numbers are shown with four significant digits."""
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        with self._lock:
            self._values[key] = text
            if isinstance(value, (int, float)):
                self._numbers[key] = float(value)
            else:
                self._numbers.pop(key, None)

    def number(self, key: str) -> float | None:
        """The number that a value was set to, None where it is none."""
        with self._lock:
            return self._numbers.get(key)

    def count(self, key: str, by: int = 1) -> int:
        """Add to a counter and return its new value."""
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + by
            return self._counts[key]

    def counter(self, key: str) -> int:
        """The value of a counter, 0 if it never counted."""
        with self._lock:
            return self._counts.get(key, 0)

    def raise_fault(self, name: str, message: str, *, level: Level = Level.WARN, hold: float | None = None) -> bool:
        """Raise a named fault; True if it was not raised before (a good moment for one log line)."""
        now = self._clock()
        with self._lock:
            old = self._faults.get(name)
            new = old is None or (old.until is not None and old.until < now)
            self._faults[name] = _Fault(level, message, None if hold is None else now + hold)
            return new

    def fault(self, name: str) -> str | None:
        """What a named fault says, None if it is not raised."""
        with self._lock:
            fault = self._faults.get(name)
        return None if fault is None else fault.message

    def clear_fault(self, name: str) -> None:
        """Take a named fault back; nothing happens if it was not raised."""
        with self._lock:
            self._faults.pop(name, None)

    def snapshot(self) -> Snapshot:
        """The state now: faults whose hold is over are gone."""
        now = self._clock()
        with self._lock:
            self._faults = {k: f for k, f in self._faults.items() if f.until is None or f.until >= now}
            faults = sorted(self._faults.items(), key=lambda kv: -kv[1].level)
            values = dict(self._values)
            # A fault may be named like a value ("loudspeaker"): its count must not stand in the value's place.
            values.update({f"{k} count" if k in self._values else k: str(v) for k, v in self._counts.items()})
        if not faults:
            return Snapshot(Level.OK, "OK", values)
        message = "; ".join(f"{name}: {fault.message}" for name, fault in faults)
        return Snapshot(faults[0][1].level, message, values)
