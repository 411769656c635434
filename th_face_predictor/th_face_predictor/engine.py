"""The limited computation of `limited_context` in numpy: one engine for whole recordings and for live streams.

A step of a one-sequence LSTM is a small matrix-vector product and a handful of elementwise operations: what costs is the number
of calls. So weights are packed once (`Packed`): the gates are reordered to input, forget, output, candidate, and the first three are
halved, because sigmoid(x) = (tanh(x / 2) + 1) / 2 lets one tanh serve all four; both directions share one input product; the
chains of all frames that a push completes advance as one batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from th_face_predictor.architecture import Architecture

BLOCK = 64
"""Frames that are worked on at once: bounds memory, whatever is pushed."""

TINY = np.float32(1e-20)
"""Cell states below this are set to zero: denormal numbers cost a hundred times a normal one's time."""


class PackedLstm:
    """Weights of one bidirectional layer: inputs -> [ahead | back] gate products, and both recurrences."""

    def __init__(self, tensors: Mapping[str, np.ndarray], prefix: str) -> None:
        parts = [(_gates(tensors, prefix, d)) for d in ("", "_reverse")]
        self.units = parts[0][1].shape[0]
        self.weight = np.ascontiguousarray(np.concatenate([p[0] for p in parts], axis=1))
        self.bias = np.concatenate([p[2] for p in parts])
        self.recurrent_ahead = parts[0][1]
        self.recurrent_back = parts[1][1]

    def split(self, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Input weights of the first `columns` inputs and of the rest."""
        return self.weight[:columns], np.ascontiguousarray(self.weight[columns:])


class Packed:
    """A network's weights as the engine wants them: F layers before, one or two B layers, F layers after."""

    def __init__(self, architecture: Architecture, tensors: Mapping[str, np.ndarray]) -> None:
        self.architecture = architecture
        self.before: list[tuple[np.ndarray, np.ndarray, bool]] = []
        self.lstms: list[PackedLstm] = []
        self.after: list[tuple[np.ndarray, np.ndarray, bool]] = []
        for i, layer in enumerate(architecture.layers):
            prefix = f"layers.{i}."
            if layer.kind == "B":
                self.lstms.append(PackedLstm(tensors, prefix))
                continue
            dense = (_flushed(tensors[prefix + "weight"].T), _flushed(tensors[prefix + "bias"]), layer.relu)
            (self.after if self.lstms else self.before).append(dense)
        if len(self.lstms) == 2:
            below, above = self.lstms
            self.above_ahead, rest = above.split(below.units)
            self.above_back_to_ahead = np.ascontiguousarray(rest[:, : 4 * above.units])
            self.above_back_to_back = np.ascontiguousarray(rest[:, 4 * above.units :])


class Engine:
    """The state of one stream through a network, at one lookahead (None: everything waits for `finish`)."""

    def __init__(self, packed: Packed, lookahead: int | None) -> None:
        self._packed = packed
        self._reach = lookahead
        self.reset()

    def reset(self) -> None:
        """Forget the stream; the next frame is a first frame."""
        self._states = [_zero_state(1, lstm.units) for lstm in self._packed.lstms]
        first = self._packed.lstms[0].units
        above = self._packed.lstms[1].units if len(self._packed.lstms) == 2 else 0
        # Of every frame that is not emitted yet: layer 1's backward gate products and forward output, and layer 2's gate
        # products of that forward output.
        self._back = np.zeros((0, 4 * first), np.float32)
        self._ahead = np.zeros((0, first), np.float32)
        self._above = np.zeros((0, 8 * above), np.float32)

    @property
    def pending(self) -> int:
        """Frames that came in and are not emitted yet."""
        return len(self._back)

    def push(self, x: np.ndarray) -> np.ndarray:
        """Standardised features float32 (n, inputs) -> standardised codes (m, outputs) of the frames whose window is complete."""
        done = [self._push(x[i : i + BLOCK]) for i in range(0, len(x), BLOCK)]
        return np.concatenate(done) if done else self._nothing()

    def finish(self) -> np.ndarray:
        """The end of the sequence: codes of all pending frames, in one chain that starts at the last one; then reset."""
        count = self.pending
        if count == 0:
            self.reset()
            return self._nothing()
        out = self._emit([slice(k, k + 1) for k in reversed(range(count))], ends=False)
        self.reset()
        return out

    def peek(self) -> np.ndarray:
        """What `finish` would give; the state is as before, and the stream can go on."""
        count = self.pending
        if count == 0:
            return self._nothing()
        kept = [(hidden.copy(), cell.copy()) for hidden, cell in self._states]
        out = self._emit([slice(k, k + 1) for k in reversed(range(count))], ends=False)
        self._states = kept
        return out

    def _push(self, x: np.ndarray) -> np.ndarray:
        packed = self._packed
        z = _dense(packed.before, x)
        first = packed.lstms[0]
        products = z @ first.weight
        products += first.bias
        width = 4 * first.units
        hidden = np.empty((len(x), first.units), np.float32)
        ahead = np.ascontiguousarray(products[:, :width])
        _advance(first.recurrent_ahead, [ahead[t : t + 1] for t in range(len(x))], self._states[0], hidden[:, None])
        self._back = np.concatenate((self._back, products[:, width:]))
        self._ahead = np.concatenate((self._ahead, hidden))
        if len(packed.lstms) == 2:
            above = hidden @ packed.above_ahead
            above += packed.lstms[1].bias
            self._above = np.concatenate((self._above, above))
        if self._reach is None or self.pending <= self._reach:
            return self._nothing()
        count = self.pending - self._reach
        out = self._emit([slice(k, k + count) for k in reversed(range(self._reach + 1))], ends=True)
        self._back, self._ahead, self._above = self._back[count:], self._ahead[count:], self._above[count:]
        return out

    def _emit(self, frames: Sequence[slice], *, ends: bool) -> np.ndarray:
        """Run the chains of all layers and emit.

        `frames[k]` are the pending frames that the chains (M side by side) visit in step k. With `ends` every chain emits its last
        frame; otherwise there is one chain, and it emits every frame on its way.
        """
        first = self._packed.lstms[0]
        shown = _chain(first.recurrent_back, [self._back[s] for s in frames])
        back = shown[-1] if ends else shown[::-1, 0]
        count = len(back)
        ahead = self._ahead[:count]
        if len(self._packed.lstms) == 2:
            second = self._packed.lstms[1]
            width = 4 * second.units
            inside = shown.reshape(-1, first.units) @ self._packed.above_back_to_back
            inside = inside.reshape(len(frames), -1, width)
            for k, s in enumerate(frames):
                inside[k] += self._above[s, width:]
            products = back @ self._packed.above_back_to_ahead
            products += self._above[:count, :width]
            ahead = np.empty((count, second.units), np.float32)
            _advance(
                second.recurrent_ahead, [products[t : t + 1] for t in range(count)], self._states[1], ahead[:, None]
            )
            shown = _chain(second.recurrent_back, list(inside))
            back = shown[-1] if ends else shown[::-1, 0]
        return _dense(self._packed.after, np.concatenate((ahead, back), axis=1))

    def _nothing(self) -> np.ndarray:
        return np.zeros((0, self._packed.architecture.outputs), np.float32)


def _chain(recurrent: np.ndarray, products: Sequence[np.ndarray]) -> np.ndarray:
    """LSTM from zero over gate products (M, 4H) per step: outputs (steps, M, H)."""
    rows, units = len(products[0]), len(recurrent)
    out = np.empty((len(products), rows, units), np.float32)
    _advance(recurrent, products, _zero_state(rows, units), out)
    return out


def _zero_state(rows: int, units: int) -> tuple[np.ndarray, np.ndarray]:
    """Hidden and cell state before a first frame."""
    return np.zeros((rows, units), np.float32), np.zeros((rows, units), np.float32)


def _advance(
    recurrent: np.ndarray, products: Sequence[np.ndarray], state: tuple[np.ndarray, np.ndarray], out: np.ndarray
) -> None:
    """LSTM steps: state (hidden, cell), each (M, H), goes on in place; out (steps, M, H) takes the hidden states."""
    hidden, cell = state
    rows, units = hidden.shape
    half = np.full((rows, 3 * units), 0.5, np.float32)
    gates = np.empty((rows, 4 * units), np.float32)
    sigmoids, candidate = gates[:, : 3 * units], gates[:, 3 * units :]
    into, keep, show = (gates[:, k * units : (k + 1) * units] for k in range(3))
    for product, emitted in zip(products, out, strict=True):
        np.dot(hidden, recurrent, out=gates)
        np.add(gates, product, out=gates)
        np.tanh(gates, out=gates)
        np.multiply(sigmoids, half, out=sigmoids)
        np.add(sigmoids, half, out=sigmoids)
        np.multiply(into, candidate, out=into)
        np.multiply(cell, keep, out=cell)
        np.add(cell, into, out=cell)
        np.tanh(cell, out=into)
        np.multiply(into, show, out=emitted)
        hidden = emitted
    state[0][:] = hidden
    cell[np.abs(cell) < TINY] = 0.0


def _dense(layers: Sequence[tuple[np.ndarray, np.ndarray, bool]], x: np.ndarray) -> np.ndarray:
    for weight, bias, relu in layers:
        x = x @ weight
        x += bias
        if relu:
            np.maximum(x, 0.0, out=x)
    return x


def _gates(tensors: Mapping[str, np.ndarray], prefix: str, direction: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Input weight (D, 4H), recurrent weight (H, 4H) and bias (4H,) of one direction, gates reordered and halved."""

    def packed(x: np.ndarray) -> np.ndarray:
        i, f, g, o = np.split(x.astype(np.float32), 4)
        half = np.float32(0.5)
        return np.concatenate((i * half, f * half, o * half, g))

    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    w, r, b, c = (tensors[prefix + name + direction] for name in names)
    return _flushed(packed(w).T), _flushed(packed(r).T), _flushed(packed(b.astype(np.float64) + c))


def _flushed(x: np.ndarray) -> np.ndarray:
    """Contiguous float32 without denormals."""
    x = np.array(x, np.float32, order="C")
    x[np.abs(x) < TINY] = 0.0
    return x
