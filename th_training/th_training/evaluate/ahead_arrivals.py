"""How many frames have come beyond the one that is due: the graph's own delay, over messages as they may arrive.

The margin of a presentation delay is there for the late ones. When a frame's features come in good time, those of the next frames are often there
too before its face is due: context that a fixed lookahead does not use.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from th_audio_features import PROFILES
from th_face_predictor.delay import SHOW, PresentationDelay

FRAME = 1 / 60
COMPUTING = (0.0064, 0.0019)
"""Mean and spread, s, from a message to the features of its frames (`make bench`: compute_latency_ms_*, p50 6.4 and p99 11)."""
MARGIN = 0.1
"""s, what the node's margin begins with."""
SETTLED = 90.0
"""s after which the margin has come down to what is needed."""


@dataclass(frozen=True)
class Way:
    """How sound comes to the graph.

    Attributes:
        message: s of sound in each; jitter: s, each comes late by 0 to so much; resampling: s that it takes.
        begin: s after the start from which on one looks.
    """

    name: str
    message: float
    jitter: float = 0.0
    resampling: float = 0.015
    begin: float = SETTLED


WAYS = (
    Way("this machine's microphone, messages of 16 ms", 0.016),
    Way("the same, its first half minute", 0.016, begin=0.0),
    Way("messages of 40 ms, jitter of 20 ms", 0.04, 0.02),
    Way("messages of 40 ms, jitter of 100 ms", 0.04, 0.1),
)


@dataclass(frozen=True)
class Heard:
    """What a way came to: `context` (N,) frames beyond each one that have come when its code must leave, negative where it has not come
    itself; `delay`: s, mean presentation delay.
    """

    context: np.ndarray
    delay: float

    def of_clip(self, frames: int, rng: np.random.Generator, most: int) -> np.ndarray:
        """The context (frames,) of a clip that begins at any time, 0 .. `most`."""
        first = int(rng.integers(0, max(len(self.context) - frames, 0) + 1))
        return np.clip(np.resize(self.context[first : first + frames], frames), 0, most)


def listen(way: Way, *, profile: str = "live", lookahead: int = 1, seconds: float = 300.0, seed: int = 0) -> Heard:
    """Let sound come in that way, for a model of that profile and lookahead, and count."""
    rng = np.random.default_rng(seed)
    end = way.begin + (seconds if way.begin else 30.0)
    sent = np.arange(1, int((end + 2.0) / way.message) + 1) * way.message
    came = np.maximum.accumulate(sent + rng.uniform(0.0, way.jitter, len(sent)))  # put in order
    done = np.maximum.accumulate(came + np.maximum(rng.normal(*COMPUTING, len(sent)), 0.003))
    captured = np.arange(1, int(end / FRAME) + 1) * FRAME
    found = PROFILES[profile].delay
    last = np.searchsorted(sent, captured + found + way.resampling)  # the message that completes a frame
    heard, ready = came[last], done[last]
    delay = PresentationDelay(found + lookahead * FRAME, MARGIN)
    due = np.zeros(len(captured))
    for frame in range(len(captured)):
        due[frame] = captured[frame] + delay.value  # as it is when the features come
        if frame >= lookahead:
            whole = frame - lookahead
            delay.observe(captured[whole], ready[frame], heard=heard[frame])
    newest = np.searchsorted(ready, due - SHOW, side="right") - 1
    looked = slice(int(way.begin / FRAME), None)
    return Heard((newest - np.arange(len(due)))[looked], float((due - captured)[looked].mean()))
