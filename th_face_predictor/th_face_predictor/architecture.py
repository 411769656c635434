"""The three networks of the paper as data: which layers, how many units, which tensors.

Source: Sakurai et al. 2018, section "Network": three layers of B (bidirectional LSTM) and F (feed-forward), ReLU after each F but
the last, dropout 0.5 on the first two. A B layer of U units has U/2 in each direction; the last layer has as many as the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from th_common.errors import ModelError

NAMES = ("FBF", "BFF", "BBF")
PAPER_UNITS = {"FBF": 312, "BFF": 418, "BBF": 262}
COMPARATIVE_UNITS = {"FBF": 624, "BFF": 806, "BBF": 516}
COMPARATIVE_INPUTS = 148
MAX_UNITS = 4096


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer: kind B or F, inputs, outputs, and whether ReLU and dropout (in training) follow."""

    kind: str
    inputs: int
    outputs: int
    relu: bool
    dropout: bool


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A network by name and sizes, as card.json keeps it."""

    name: str
    units: int
    inputs: int = 40
    outputs: int = 16

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ModelError(f"network must be one of {', '.join(NAMES)}, not {self.name!r}")
        for field in ("units", "inputs", "outputs"):
            value = getattr(self, field)
            if type(value) is not int or not 1 <= value <= MAX_UNITS:
                raise ModelError(f"network {field} must be a whole number in 1..{MAX_UNITS}, not {value!r}")
        if self.units % 2:
            raise ModelError(f"network units must be even (half per direction), not {self.units}")

    @classmethod
    def from_card(cls, network: Mapping[str, Any]) -> Architecture:
        """Read the `network` field of a model card.

        Raises:
            ModelError: a field is missing, unknown or out of range.
        """
        fields = {"name", "units", "inputs", "outputs"}
        if set(network) != fields:
            raise ModelError(f"network must have the fields {sorted(fields)}, not {sorted(map(str, network))}")
        return cls(**network)

    def to_card(self) -> dict[str, Any]:
        """The `network` field of a model card."""
        return {"name": self.name, "units": self.units, "inputs": self.inputs, "outputs": self.outputs}

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The three layers in order."""
        sizes = (self.inputs, self.units, self.units, self.outputs)
        return tuple(
            Layer(kind=kind, inputs=sizes[i], outputs=sizes[i + 1], relu=kind == "F" and i < 2, dropout=i < 2)
            for i, kind in enumerate(self.name)
        )

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of all parameters, PyTorch's names (`layers.0.weight_ih_l0_reverse` ...)."""
        shapes: dict[str, tuple[int, ...]] = {}
        for i, layer in enumerate(self.layers):
            if layer.kind == "F":
                shapes[f"layers.{i}.weight"] = (layer.outputs, layer.inputs)
                shapes[f"layers.{i}.bias"] = (layer.outputs,)
                continue
            half = layer.outputs // 2
            for direction in ("", "_reverse"):
                shapes[f"layers.{i}.weight_ih_l0{direction}"] = (4 * half, layer.inputs)
                shapes[f"layers.{i}.weight_hh_l0{direction}"] = (4 * half, half)
                shapes[f"layers.{i}.bias_ih_l0{direction}"] = (4 * half,)
                shapes[f"layers.{i}.bias_hh_l0{direction}"] = (4 * half,)
        return shapes
