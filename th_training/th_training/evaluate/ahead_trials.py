"""What is tried on each subject: a steady sound at fixed delays, corrections on top at live's delay, and sound as it arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from th_face_renderer.face_model import FaceModel
from th_training.evaluate.ahead_arrivals import WAYS, Heard, Way, listen
from th_training.evaluate.ahead_judge import Case, Figures, Scheme, Told, compare, judge
from th_training.evaluate.ahead_schemes import Linear, bounded, corrected, damped, least, taps, with_context
from th_training.evaluate.intervals import Bootstrap

DELAYS = (0, 1, 2, 3, 6)
"""Frames that a face is shown late."""
REACH = 6
"""Frames ahead that the network for any lookahead looks at most."""
LIVE = 1
"""Frames that the model `live` looks ahead."""
FIXED, CUT, ANYTIME = "trained for it", "trained for 6, cut off", "one network for any"
REVISED = "the same, past revised"
PARTS = 4
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
    schemes: dict[str, Scheme] = {FIXED: lambda case: case.streamed[FIXED][LIVE]}
    for d in DELAYS:
        schemes[str(d)] = lambda case, d=d: case.said[d]
    return _judged(subject, schemes, FIXED, bootstrap)


def corrections(subject: Subject, bootstrap: Bootstrap) -> Compared:
    """At live's delay: what can be made of the network for any lookahead and of what it says of the past by now."""
    limit, d = subject.limit, LIVE
    schemes: dict[str, Scheme] = {
        FIXED: lambda case: case.streamed[FIXED][d],
        REVISED: lambda case: case.said[d],
        "+ offset, gain 0.5": lambda case: corrected(case.said, d, gain=0.5, limit=limit / 4),
        "+ offset, gain 1": lambda case: corrected(case.said, d, gain=1.0, limit=limit / 4),
        "+ offset, gain -0.5": lambda case: corrected(case.said, d, gain=-0.5, limit=limit / 4),
        "+ bounded velocity": lambda case: bounded(case.said[d], limit),
        "+ spring of 2 x 8 ms": lambda case: damped(case.said[d], 0.008),
    }
    if subject.cases[0].codes is not None:
        for name, later in (("+ linear, of what was shown", False), ("+ linear, the past revised", True)):
            fitted = _linear(subject.cases, d, later=later)
            schemes[name] = lambda case, fitted=fitted: fitted[case.id]
    return _judged(subject, schemes, FIXED, bootstrap)


def arriving(subject: Subject, bootstrap: Bootstrap, *, seed: int) -> list[tuple[Way, Heard, Compared]]:
    """Sound as it comes to the graph, at live's own presentation delay: all the context that is there when a code must leave."""
    found = []
    for way in WAYS:
        heard = listen(way, lookahead=LIVE, seed=seed)
        rng = np.random.default_rng(seed)
        context = {case.id: heard.of_clip(len(case.lips), rng, REACH) for case in subject.cases}

        def shown(case: Case, context: Mapping[str, np.ndarray] = context) -> np.ndarray:
            return with_context(case.said, context[case.id])

        def calm(case: Case, context: Mapping[str, np.ndarray] = context) -> np.ndarray:
            return with_context(case.said, least(context[case.id], STEADY))

        schemes: dict[str, Scheme] = {
            FIXED: lambda case: case.streamed[FIXED][LIVE],
            "all context that has come": shown,
            "the same, bounded velocity": lambda case, shown=shown: bounded(shown(case), subject.limit),
            "least of the last 0.5 s": calm,
        }
        found.append((way, heard, _judged(subject, schemes, FIXED, bootstrap)))
    return found


def _at(subject: Subject, d: int) -> dict[str, Scheme]:
    schemes: dict[str, Scheme] = {
        name: lambda case, name=name: case.streamed[name][d]
        for name in (FIXED, CUT, ANYTIME)
        if d in _delays(subject, name)
    }
    schemes[REVISED] = lambda case: case.said[d]
    return schemes


def _delays(subject: Subject, network: str) -> tuple[int, ...]:
    return tuple(subject.cases[0].streamed.get(network, {}))


def _judged(subject: Subject, schemes: Mapping[str, Scheme], baseline: str, bootstrap: Bootstrap) -> Compared:
    figures: dict[str, Figures] = {name: judge(scheme, subject.cases, subject.face) for name, scheme in schemes.items()}
    return compare(figures, baseline, bootstrap)


def _linear(cases: Sequence[Case], delay: int, *, later: bool) -> dict[str, np.ndarray]:
    """Codes of each clip by weights that were fitted to the clips of the other parts."""
    inputs = [taps(case.said, delay, later=later) for case in cases]
    found = {}
    for part in range(PARTS):
        others = [n for n in range(len(cases)) if n % PARTS != part]
        truths = [case.codes for n in others if (case := cases[n]).codes is not None]
        weights = Linear.fit([inputs[n] for n in others], truths)
        found |= {cases[n].id: weights.apply(inputs[n]) for n in range(part, len(cases), PARTS)}
    return found
