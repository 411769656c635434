"""A study's figures for programs."""

from __future__ import annotations

import math
from typing import Any

from th_training.evaluate.intervals import Interval
from th_training.speech.sentences import EMOTIONS
from th_training.study.summary import SCALES, Summary


def to_json(found: Summary) -> dict[str, Any]:
    """The figures for programs: [value, low, high] is an interval."""
    results, preference = found.results, found.preference

    def three(figure: Interval) -> list[float | None]:
        return [v if math.isfinite(v) else None for v in (figure.value, figure.low, figure.high)]

    return {
        "title": found.study.title,
        "simulated": results.simulated,
        "people": {
            "began": results.began,
            "finished": results.finished,
            "failed_a_check": results.failed,
            "counted": len(results.people),
        },
        "recognition": {
            method: {
                "over_people": three(of.right),
                "over_answers": three(of.answers),
                "by_emotion": {emotion: three(figure) for emotion, figure in of.emotions.items()},
                "emotions": list(EMOTIONS),
                "confusion": of.counts.tolist(),
            }
            for method, of in found.recognition.items()
        },
        "preference": None
        if preference is None
        else {
            "pair": found.study.pair,
            "over_people": three(preference.share),
            "over_answers": three(preference.answers),
            "chosen": [preference.count, preference.total],
            "binomial_p": preference.binomial,
            "left": three(preference.left),
            "design_effect": None if math.isnan(preference.alike) else preference.alike,
            "by_sentence": {name: three(figure) for name, figure in preference.sentences.items()},
        },
        **{
            scale: {
                method: {"mean": three(of.mean), "counts": list(of.counts)} for method, of in found.marks[scale].items()
            }
            for scale in SCALES
        },
        "tests": {
            name: {
                "effect": three(test.effect),
                "sd_over_people": None if math.isnan(test.power.spread) else test.power.spread,
                "signed_rank_p": test.p,
                "p_holm": test.p_corrected,
                "beyond_chance": test.sure,
                "power": test.power.power,
                "people_for_80": test.power.needed,
            }
            for name, test in found.tests.items()
        },
        "others": {method: {name: three(figure) for name, figure in of.items()} for method, of in found.others.items()},
    }
