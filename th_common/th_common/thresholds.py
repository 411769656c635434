"""When a value on /diagnostics becomes a warning: thresholds that are parameters."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from th_common.health import Health, Level
from th_common.parameters import Parameter

NEVER = -1.0
"""Value of a threshold that warns never."""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Warn when the value `key` of a node's health (with `absolute` without its sign) is above, or with `below` below, the parameter `name`.

    `default`, `maximum` and `minimum` are the parameter's; `unit` that of value and parameter. NEVER is accepted where it is no
    value of the range.
    """

    name: str
    key: str
    default: float
    maximum: float
    minimum: float = 0.0
    unit: str
    below: bool = False
    absolute: bool = False

    @property
    def parameter(self) -> Parameter:
        """What a node adds to its table."""
        side = "below" if self.below else "above"
        off = self.minimum >= 0.0
        return Parameter(
            name=self.name,
            default=self.default,
            description=f"warn on /diagnostics when `{self.key}` is {side} it" + ("; -1.0: never" if off else ""),
            unit=self.unit,
            minimum=self.minimum,
            maximum=self.maximum,
            special=(NEVER,) if off else (),
        )

    def judge(self, health: Health, limit: float) -> bool:
        """Raise or clear the warning; True if it was not raised before."""
        value = health.number(self.key)
        if value is not None and self.absolute:
            value = abs(value)
        off = limit == NEVER and self.minimum >= 0.0
        if off or value is None or not (value < limit if self.below else value > limit):
            health.clear_fault(self.name)
            return False
        side = "below" if self.below else "above"
        return health.raise_fault(self.name, f"{self.key} is {value:.4g}, {side} {limit:g}", level=Level.WARN)


def threshold_parameters(thresholds: Iterable[Threshold]) -> tuple[Parameter, ...]:
    """The parameters of thresholds, for a node's table."""
    return tuple(threshold.parameter for threshold in thresholds)


class Trend:
    """What counters did since they were last looked at."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._before: dict[str, tuple[float, ...]] = {}

    def per_second(self, key: str, count: float) -> float:
        """How fast a counter rises; 0 at first."""
        now = self._clock()
        then, before = self._before.get(key, (now, count))
        self._before[key] = now, count
        return max(0.0, count - before) / (now - then) if now > then else 0.0

    def percent(self, key: str, part: float, whole: float) -> float:
        """What share of what one counter has gained another has gained, in %; 0 where nothing came."""
        part_before, whole_before = self._before.get(key, (part, whole))
        self._before[key] = part, whole
        gained = whole - whole_before
        return 100.0 * min(1.0, max(0.0, part - part_before) / gained) if gained > 0 else 0.0
