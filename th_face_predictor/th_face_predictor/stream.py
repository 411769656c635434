"""Codes while the features come in, a bounded number of frames behind them."""

from __future__ import annotations

import numpy as np

from th_common.errors import InputError
from th_face_predictor.limited_context import check_lookahead
from th_face_predictor.predictor import Predictor


class PredictorStream:
    """Feed features in any portions, take codes: the same numbers as `Predictor.predict`, to rounding.

    A frame's code comes out as soon as `lookahead` frames after it are in. Memory is bounded.
    """

    def __init__(self, predictor: Predictor, lookahead: int | None = None) -> None:
        """Begin a stream.

        Args:
            lookahead: right context in frames; None for the model's own. Another value than the model was trained for costs
                accuracy: much where it is shorter.

        Raises:
            InputError: the lookahead is negative, or None where the model's own is the whole sequence.
        """
        chosen = check_lookahead(predictor.lookahead if lookahead is None else lookahead)
        if chosen is None:
            raise InputError(
                "this model looks at the whole sequence: a stream of it needs an explicit lookahead in frames"
            )
        self.lookahead: int = chosen
        self._predictor = predictor
        self._engine = predictor.engine(chosen)

    @property
    def pending(self) -> int:
        """Frames that came in and have no code yet, at most `lookahead`."""
        return self._engine.pending

    def push(self, features: np.ndarray) -> np.ndarray:
        """Features (n, 40), n >= 0 -> codes float32 (m, 16) of the frames that are due.

        Raises:
            InputError: another shape, or NaN or infinity; the stream is as it was before.
        """
        x = self._predictor.standardise(features)
        return self._predictor.codes(self._engine.push(x))

    def check(self, features: np.ndarray) -> None:
        """Raise the InputError that `push` would; nothing is taken."""
        self._predictor.standardise(features)

    def peek(self) -> np.ndarray:
        """Codes of all pending frames (m, 16) as if the stream ended here; it goes on as if nobody had looked."""
        return self._predictor.codes(self._engine.peek())

    def clear(self) -> None:
        """Forget the stream; the next push begins a new one."""
        self._engine.reset()

    def flush(self) -> np.ndarray:
        """The stream ends here: codes of all pending frames (m, 16). The next push begins a new stream."""
        return self._predictor.codes(self._engine.finish())
