"""What a bidirectional network computes when it may look only R frames ahead.

A bidirectional layer reads the whole sequence. A live face cannot wait for its end, so the backward direction starts anew for
every frame, R frames to the right of it, while the forward direction is carried from the beginning (latency-controlled
BLSTM: Zhang et al., ICASSP 2016; Xue and Yan, ICASSP 2017). This file is the definition; `network` computes it with torch
for training, `engine` with numpy live, and both are tested against a plain loop over it.

Frames are 0..T-1. The output at frame t sees frames up to its *window end*

    e(t) = min(t + R, T - 1)                       R = None (full context): e(t) = T - 1

so windows are cut at the last frame. Let z_s be the input of the first bidirectional layer (a function of frame s alone).

Layer 1   forward   f1_s    = LSTM over z_0 .. z_s                          one pass over the sequence
          backward  b1_e,s  = LSTM over z_e, z_{e-1} .. z_s, from zero      one *chain* per window end e, at most R + 1 steps
          in the window that ends at e, layer 1 shows  y_e,s = [f1_s; b1_e,s]
          at frame t it emits                          y_t   = y_e(t),t

Layer 2   forward   f2_t    = LSTM over y_0 .. y_t                          carried over what layer 1 *emitted*
          backward  b2_e,s  = LSTM over y_e,e, y_e,e-1 .. y_e,s, from zero  the same chains, over what layer 1 shows in window e
          at frame t it emits                          [f2_t; b2_e(t),t]

(The forward state of layer 2 at t depends on nothing right of e(t); the value of f2 right of t inside a window is never needed,
because no third bidirectional layer follows.) Feed-forward layers act on single frames, before or after.

All that differs between frames is which chain an output is read from, and how deep: chain e(t) after e(t) - t steps. For frames
before T - R every frame reads the last step of its own chain; the last R frames read the steps of one chain that starts at T - 1.
With R >= T - 1 that one chain is all there is, and the result is the ordinary bidirectional network's.
"""

from __future__ import annotations

import numpy as np

from th_common.errors import InputError


def window_ends(length: int, lookahead: int | None) -> np.ndarray:
    """e(t) of every frame of a sequence: int64 (length,)."""
    reach = max(length - 1, 0) if lookahead is None else lookahead
    return np.minimum(np.arange(length) + reach, length - 1)


def check_lookahead(lookahead: int | None) -> int | None:
    """Return the lookahead if it is None (full context) or a number of frames.

    Raises:
        InputError: it is neither.
    """
    if lookahead is None:
        return None
    if isinstance(lookahead, bool) or not isinstance(lookahead, (int, np.integer)) or lookahead < 0:
        raise InputError(f"lookahead must be a number of frames >= 0, or None for full context, not {lookahead!r}")
    return int(lookahead)
