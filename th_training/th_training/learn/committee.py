"""A committee of small networks that is one network of the paper.

Several networks, begun at different random weights, err in different ways: their mean is nearer to the truth than any of them, and
where there are only minutes of recordings, nearer than one network as wide as all of them together. The mean of k networks of the same
kind IS one network of that kind: layers side by side (weights between members zero), the last layer adding up a k-th of each. So
a committee is trained member by member, and runs as one FBF, BFF or BBF: same file, same cost, same limited lookahead.

The same holds where members have different parts: of a committee with moods, some learn how a clip moves around its own mean (lips), some
that mean alone (how it is spoken on the whole), each at its own width and without the other's error, and the network is the sum of
both means.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from th_common.errors import InputError
from th_face_predictor.architecture import Architecture
from th_face_predictor.network import FaceNetwork


def widths(units: int, members: int) -> tuple[int, ...]:
    """Units of each member, even, as equal as can be, of `units` in all. Raises InputError where there are too few."""
    if not 1 <= members <= units // 2:
        raise InputError(f"{units} units make 1 to {units // 2} members, not {members}")
    pairs = units // 2
    return tuple(2 * (pairs // members + (n < pairs % members)) for n in range(members))


class Committee(nn.Module):
    """`members` networks of the same kind that together have the units of `architecture`.

    In training, outputs are those of all members, one after the other along the first axis, (members * N, T, D): each is to be right by
    itself. In evaluation they are the mean (N, T, D), what `merged` computes: with `moods`, that of all but the last so many
    members plus that of these.

    Raises:
        InputError: too few units, or no member but moods.
    """

    def __init__(self, architecture: Architecture, members: int, *, moods: int = 0, dropout: float = 0.5) -> None:
        super().__init__()
        if not 0 <= moods < members:
            raise InputError(f"of {members} members 0 to {members - 1} are moods, not {moods}")
        self.architecture, self.moods = architecture, moods
        self.members = nn.ModuleList(
            FaceNetwork(
                Architecture(
                    name=architecture.name, units=units, inputs=architecture.inputs, outputs=architecture.outputs
                ),
                dropout=dropout,
            )
            for units in widths(architecture.units, members)
        )

    def forward(self, x: Tensor, lengths: Tensor | None = None, *, lookahead: int | None = None) -> Tensor:
        """As `FaceNetwork.forward` for (N, T, inputs)."""
        outputs = [member(x, lengths, lookahead=lookahead) for member in self.members]
        if self.training:
            return torch.cat(outputs)
        return torch.stack([share * output for share, output in zip(self._shares(), outputs, strict=True)]).sum(0)

    def _shares(self) -> list[float]:
        """Of each member in the whole."""
        movers = len(self.members) - self.moods
        return [1 / movers] * movers + [1 / max(self.moods, 1)] * self.moods

    def merged(self) -> FaceNetwork:
        """The one network that computes the same as this in evaluation."""
        network = FaceNetwork(self.architecture)
        layers = self.architecture.layers
        whole = {name: torch.zeros(shape) for name, shape in self.architecture.tensor_shapes().items()}
        begin = 0
        for member, part_of_whole in zip(self.members, self._shares(), strict=True):
            assert isinstance(member, FaceNetwork)
            half = torch.arange(begin, begin + member.architecture.units // 2)
            begin += len(half)
            for name, part in member.state_dict().items():
                number = int(name.split(".")[1])
                rows, columns = self._place(name, half)
                share = part_of_whole if number == len(layers) - 1 else 1.0
                at = (rows,) if columns is None else (rows[:, None], columns)
                whole[name][at] += share * part.detach().cpu()
        network.load_state_dict(whole)
        return network.eval()

    def _place(self, name: str, half: Tensor) -> tuple[Tensor, Tensor | None]:
        """Rows and columns of a member's tensor in the whole one; `half` are the units of a direction that it has.

        A layer of U units gives [forward; backward], U/2 each; where it is F, its units are divided in the same way.
        """
        number = int(name.split(".")[1])
        layer, total = self.architecture.layers[number], self.architecture.units // 2
        units = torch.cat((half, total + half))
        if layer.kind == "B":
            rows = torch.cat([gate * total + half for gate in range(4)])
        else:
            rows = torch.arange(layer.outputs) if number == len(self.architecture.layers) - 1 else units
        if "bias" in name:
            return rows, None
        if "weight_hh" in name:
            return rows, half
        return rows, torch.arange(layer.inputs) if number == 0 else units
