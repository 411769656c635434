"""What is tried on each subject: a steady sound at fixed delays, corrections on top at live's delay, and sound as it arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from th_face_renderer.face_model import FaceModel
from th_training.evaluate.ahead_arrivals import WAYS, Heard, Way, listen
from th_training.evaluate.ahead_judge import Case, Figures, Scheme, Told, compare, judge
from th_training.evaluate.ahead_schemes import (
    Linear,
    bounded,
    corrected,
    damped,
    eased,
    least,
    switched,
    taps,
    with_context,
)
from th_training.evaluate.intervals import Bootstrap

DELAYS = (0, 1, 2, 3, 6)
"""Frames that a face is shown late."""
REACH = 6
"""Frames ahead that the network for any lookahead looks at most."""
LIVE = 1
"""Frames that the model `live` looks ahead."""
NARROW = range(1, 5)
"""What a network for fewer lookaheads is trained for."""
FIXED, CUT, ANYTIME = "trained for it", "trained for 6, cut off", "one network for any"
FEWER = "one network for 1 to 4"
REVISED = "the one for any, past revised"
EASED = "+ eased"
PARTS = 4
KEEP = 0.3
"""Share of a correction that is kept for later: on the actor's validation clips the least with which codes are as smooth as `live`'s, however sound comes."""
FAR = 3
"""Frames of context from which on the network for any lookahead takes over from `live`, where both run."""
STEADY = 30
"""Frames (0.5 s) of which the least context is taken."""


@dataclass(frozen=True)
class Subject:
    """Clips by networks that have not heard them. `limit` (D,): largest step of the codes from frame to frame."""

    name: str
    title: str
    face: FaceModel
    cases: Sequence[Case]
    limit: np.ndarray


Compared = dict[str, dict[str, Told]]
"""By scheme and measure."""


def steady(subject: Subject, bootstrap: Bootstrap) -> dict[int, Compared]:
    """By delay, where there is a network that was trained for it; the baseline is that one."""
    return {d: _judged(subject, _at(subject, d), FIXED, bootstrap) for d in _delays(subject, FIXED)}


def any_delay(subject: Subject, bootstrap: Bootstrap) -> Compared:
    """The network for any lookahead at all delays, above live's."""
    schemes: dict[str, Scheme] = {FIXED: _streamed(FIXED, LIVE), **{str(d): _said(d) for d in DELAYS}}
    return _judged(subject, schemes, FIXED, bootstrap)


def corrections(subject: Subject, bootstrap: Bootstrap) -> Compared:
    """At live's delay: what can be made of the network for any lookahead and of what it says of the past by now."""
    limit, d = subject.limit, LIVE
    schemes: dict[str, Scheme] = {
        FIXED: _streamed(FIXED, d),
        REVISED: _said(d),
        "+ offset, gain 0.5": lambda case: corrected(case.said, d, gain=0.5, limit=limit / 4),
        "+ offset, gain 1": lambda case: corrected(case.said, d, gain=1.0, limit=limit / 4),
        "+ offset, gain -0.5": lambda case: corrected(case.said, d, gain=-0.5, limit=limit / 4),
        EASED: lambda case: eased(case.said, np.full(len(case.lips), d), keep=KEEP, limit=limit),
        "+ bounded velocity": lambda case: bounded(case.said[d], limit),
        "+ spring of 2 x 8 ms": lambda case: damped(case.said[d], 0.008),
    }
    if subject.cases[0].codes is not None:
        for name, later in (("+ linear, of what was shown", False), ("+ linear, the past revised", True)):
            fitted = _linear(subject.cases, d, later=later)
            schemes[name] = _of(fitted)
    return _judged(subject, schemes, FIXED, bootstrap)


def arriving(subject: Subject, bootstrap: Bootstrap, *, seed: int) -> list[tuple[Way, Heard, Compared]]:
    """Sound as it comes to the graph, at live's own presentation delay: all the context that is there when a code must leave."""
    found = []
    for way in WAYS:
        heard = listen(way, lookahead=LIVE, seed=seed)
        rng = np.random.default_rng(seed)
        context = {case.id: heard.of_clip(len(case.lips), rng, REACH) for case in subject.cases}

        shown = {c.id: with_context(c.said, context[c.id]) for c in subject.cases}
        smooth = {c.id: eased(c.said, context[c.id], keep=KEEP) for c in subject.cases}
        bound = {c.id: eased(c.said, context[c.id], keep=KEEP, limit=subject.limit / 2) for c in subject.cases}
        calm = {c.id: with_context(c.said, least(context[c.id], STEADY)) for c in subject.cases}
        both = {
            c.id: switched(c.said, c.streamed[FIXED][LIVE], context[c.id], first=FAR, keep=2 * KEEP)
            for c in subject.cases
        }
        schemes = {
            FIXED: _streamed(FIXED, LIVE),
            "all context that has come": _of(shown),
            "the same, eased": _of(smooth),
            "eased, bounded velocity": _of(bound),
            "the least of the last 0.5 s": _of(calm),
            f"`live` below {FAR} frames, eased": _of(both),
        }
        found.append((way, heard, _judged(subject, schemes, FIXED, bootstrap)))
    return found


def _at(subject: Subject, d: int) -> dict[str, Scheme]:
    schemes = {name: _streamed(name, d) for name in (FIXED, CUT, FEWER, ANYTIME) if d in _delays(subject, name)}
    return {**schemes, REVISED: _said(d)}


def _streamed(network: str, d: int) -> Scheme:
    return lambda case: case.streamed[network][d]


def _said(d: int) -> Scheme:
    return lambda case: case.said[d]


def _of(codes: Mapping[str, np.ndarray]) -> Scheme:
    return lambda case: codes[case.id]


def _delays(subject: Subject, network: str) -> tuple[int, ...]:
    return tuple(subject.cases[0].streamed.get(network, {}))


def _judged(subject: Subject, schemes: Mapping[str, Scheme], baseline: str, bootstrap: Bootstrap) -> Compared:
    figures: dict[str, Figures] = {name: judge(scheme, subject.cases, subject.face) for name, scheme in schemes.items()}
    return compare(figures, baseline, bootstrap)


def _linear(cases: Sequence[Case], delay: int, *, later: bool) -> dict[str, np.ndarray]:
    """Codes of each clip by weights that were fitted to the clips of the other parts."""
    inputs = [taps(case.said, delay, later=later) for case in cases]
    found: dict[str, np.ndarray] = {}
    for part in range(PARTS):
        others = [n for n in range(len(cases)) if n % PARTS != part]
        truths = [case.codes for n in others if (case := cases[n]).codes is not None]
        weights = Linear.fit([inputs[n] for n in others], truths)
        found |= {cases[n].id: weights.apply(inputs[n]) for n in range(part, len(cases), PARTS)}
    return found
