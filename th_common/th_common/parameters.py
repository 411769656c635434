"""One table per node says what its parameters are; declaring, checking and documenting all read it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from th_common.errors import InputError

Value = bool | int | float | str


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One node parameter: name, default (whose type is the parameter's type), meaning, unit and range.

    `minimum` and `maximum` are inclusive. `special` are values that mean something else than a number on the range (for instance
    -1.0 for "auto") and are accepted outside it. `choices` lists the accepted strings. `check` raises
    InputError for a value that only a look at the world finds bad; at start that is configure's to say, without ending the process.
    """

    name: str
    default: Value
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    special: tuple[float, ...] = ()
    choices: tuple[str, ...] = ()
    check: Callable[[Any], object] | None = None
    read_only: bool = False

    def refuse(self, value: object) -> str | None:
        """Say in words why `value` is refused, or None if it is good."""
        if type(value) is not type(self.default):
            kind = type(self.default).__name__
            return f"{self.name} must be {kind}, not {type(value).__name__} {value!r}"
        if isinstance(value, str) and self.choices and value not in self.choices:
            return f"{self.name} must be one of {', '.join(self.choices)}, not {value!r}"
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if math.isnan(value):
                return f"{self.name} must be a number, not NaN"
            if math.isinf(value):
                return f"{self.name} must be finite, not {value}"
            if value in self.special:
                return None
            low = -math.inf if self.minimum is None else self.minimum
            high = math.inf if self.maximum is None else self.maximum
            if not low <= value <= high:
                unit = f" {self.unit}" if self.unit else ""
                return f"{self.name} = {value} is outside {self.range_text()}{unit}"
        return None

    def refuse_change(self, value: object) -> str | None:
        """As `refuse`, for a value that shall take effect in a node that runs."""
        reason = self.refuse(value)
        if reason is None and self.check is not None:
            try:
                self.check(value)
            except InputError as error:
                return f"{self.name}: {error}"
        return reason

    def range_text(self) -> str:
        """The accepted values in words, empty where every value of the type is good."""
        if self.choices:
            return ", ".join(self.choices)
        if self.minimum is None and self.maximum is None:
            return ""
        low = "" if self.minimum is None else f"{self.minimum:g}"
        high = "" if self.maximum is None else f"{self.maximum:g}"
        extra = "".join(f" or {s:g}" for s in self.special)
        return f"{low}..{high}{extra}"


DETERMINISTIC = Parameter(
    name="deterministic",
    default=False,
    description="for replays: codes follow from the stamped sound alone, whatever the pace; no code is hurried, nothing ends by a timeout",
    read_only=True,
)
"""Features and predictor have it; `replay` needs it in both."""


def table_markdown(parameters: Iterable[Parameter]) -> str:
    """The table as Markdown, for the documentation."""
    rows = ["| parameter | default | unit | range | meaning |", "|---|---|---|---|---|"]
    for p in parameters:
        default = f"{p.default!r}" if isinstance(p.default, str) else f"{p.default}".lower()
        change = " (read-only)" if p.read_only else ""
        rows.append(f"| `{p.name}` | {default} | {p.unit} | {p.range_text()} | {p.description}{change} |")
    return "\n".join(rows) + "\n"
