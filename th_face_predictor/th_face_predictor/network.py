"""FBF, BFF and BBF in torch, for training; the limited computation of `limited_context` in batched form.

Every window end has one chain per bidirectional layer, and all chains of all sequences of a batch advance together: R + 1 steps
of one large matrix product each, however long the sequences are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from th_face_predictor.architecture import Architecture
from th_face_predictor.chains import Chains
from th_face_predictor.limited_context import check_lookahead


class FaceNetwork(nn.Module):
    """One of the paper's networks on standardised features and codes; see `Architecture` and `forward`."""

    def __init__(self, architecture: Architecture, *, dropout: float = 0.5) -> None:
        super().__init__()
        self.architecture = architecture
        self.dropout = dropout
        self.layers = nn.ModuleList(
            nn.Linear(layer.inputs, layer.outputs)
            if layer.kind == "F"
            else nn.LSTM(layer.inputs, layer.outputs // 2, batch_first=True, bidirectional=True)
            for layer in architecture.layers
        )

    def forward(self, x: Tensor, lengths: Tensor | None = None, *, lookahead: int | None = None) -> Tensor:
        """Predict standardised codes.

        Args:
            x: standardised features (N, T, inputs), or one sequence (T, inputs).
            lengths: frames of each sequence, int64 (N,), 1..T; None where all have T. What follows a sequence's end has no
                influence on its outputs, and outputs there mean nothing (mask them).
            lookahead: right context R in frames (see `limited_context`); None for the whole sequence.

        Returns:
            (N, T, outputs), or (T, outputs).
        """
        reach = check_lookahead(lookahead)
        if x.dim() == 2:
            return self.forward(x[None], lengths, lookahead=lookahead)[0]
        frames = x.shape[1]
        if lengths is None:
            lengths = torch.full((x.shape[0],), frames, dtype=torch.int64, device=x.device)
        context = _Context(lengths, frames, None if reach is None or reach >= frames - 1 else reach)
        shown: Tensor | None = None
        for layer, module in zip(self.architecture.layers, self.layers, strict=True):
            if layer.kind == "F":
                x, shown = module(x), None
            else:
                assert isinstance(module, nn.LSTM)
                x, shown = context.bidirectional(module, x, shown)
            if layer.relu:
                x = torch.relu(x)
            if layer.dropout and self.training and self.dropout > 0:
                x, shown = self._drop(x, shown, context)
        return x

    def _drop(self, x: Tensor, shown: Tensor | None, context: _Context) -> tuple[Tensor, Tensor | None]:
        """Dropout with one mask per frame: every window sees a frame through the same mask, as in the full computation."""
        mask = functional.dropout(torch.ones_like(x), self.dropout)
        if shown is not None:
            shown = shown * context.chain_inputs(mask[..., mask.shape[-1] // 2 :])
        return x * mask, shown


class _Context:
    """The chains of one batch: indices once, used by every layer."""

    def __init__(self, lengths: Tensor, frames: int, reach: int | None) -> None:
        self.lengths, self.frames, self.reach = lengths, frames, reach
        time = torch.arange(frames, device=lengths.device)
        last = (lengths - 1)[:, None]
        if reach is None:
            # Order of time reversed within each sequence; its own inverse.
            self.flip = torch.where(time <= last, last - time, time)
        else:
            ends = torch.minimum(time + reach, last)
            self.ends = torch.maximum(ends, time)
            self.depth = self.ends - time
            self.rows = torch.arange(len(lengths), device=lengths.device)[:, None]

    def bidirectional(self, lstm: nn.LSTM, x: Tensor, shown: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """One B layer: x is what the layer below emits (N, T, D), `shown` the backward half of what it shows in windows.

        Returns what this layer emits (N, T, 2H), and the backward half it shows: (R + 1, N, T, H), [k, n, e] at frame e - k;
        None in full context, where every window shows what is emitted.
        """
        ahead = _run(lstm, "", x)
        if self.reach is None:
            back = _gather_time(_run(lstm, "_reverse", _gather_time(x, self.flip)), self.flip)
            return torch.cat((ahead, back), -1), None
        chains = self._chains(lstm, x, shown)
        back = chains[self.depth, self.rows, self.ends]
        return torch.cat((ahead, back), -1), chains

    def chain_inputs(self, x: Tensor) -> Tensor:
        """Rearrange (N, T, D) so that [k, n, e] is frame e - k: (R + 1, N, T, D), zeros before the first frame."""
        assert self.reach is not None
        padded = functional.pad(x, (0, 0, self.reach, 0))
        return torch.stack([padded[:, self.reach - k : self.reach - k + self.frames] for k in range(self.reach + 1)])

    def _chains(self, lstm: nn.LSTM, x: Tensor, shown: Tensor | None) -> Tensor:
        """The backward direction of one layer in all windows: (R + 1, N, T, H)."""
        assert self.reach is not None
        weight, recurrent, bias_in, bias_hidden = _weights(lstm, "_reverse")
        bias = bias_in + bias_hidden
        shown_products = None
        if shown is None:
            products = functional.linear(x, weight, bias)
        else:
            # The forward half of the layer below is the same in every window: multiply it once per frame.
            half = x.shape[-1] // 2
            products = functional.linear(x[..., :half], weight[:, :half], bias)
            shown_products = functional.linear(shown, weight[:, half:])
        # With mixed precision products are of another type than weights.
        recurrent = recurrent.to(products.dtype)
        outputs: Tensor = Chains.apply(products, shown_products, recurrent, self.reach)
        return outputs


def _weights(lstm: nn.LSTM, direction: str) -> list[Tensor]:
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return [lstm.get_parameter(name + direction) for name in names]


def _run(lstm: nn.LSTM, direction: str, x: Tensor) -> Tensor:
    """One direction of an LSTM over (N, T, D), from a zero state: (N, T, H)."""
    zero = x.new_zeros(1, x.shape[0], lstm.hidden_size)
    return torch._VF.lstm(x, (zero, zero), _weights(lstm, direction), True, 1, 0.0, False, False, True)[0]


def _gather_time(x: Tensor, index: Tensor) -> Tensor:
    return x.gather(1, index[..., None].expand(x.shape))


def build_network(name: str, units: int, inputs: int = 40, outputs: int = 16, *, dropout: float = 0.5) -> FaceNetwork:
    """Make one of the paper's networks with fresh weights.

    Args:
        name: FBF, BFF or BBF.
        units: width of layers 1 and 2, even; the paper's are in `architecture.PAPER_UNITS`.
        inputs: features per frame.
        outputs: dimensions of the code.
        dropout: chance that a unit of layers 1 and 2 is silenced in training.

    Raises:
        ModelError: an unknown name or an impossible size.
    """
    return FaceNetwork(Architecture(name=name, units=units, inputs=inputs, outputs=outputs), dropout=dropout)
