"""Every person sees everything once, and over persons everything is seen at every place equally often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest

from th_training.speech.sentences import EMOTIONS
from th_training.study.design import Plan, plan, williams
from th_training.study.questions import EMOTION, PAIR, QUESTIONS, RATING, SOUND
from th_training.study.study import Study


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7])
def test_the_latin_square_is_balanced_for_place_and_for_what_comes_before(count: int) -> None:
    rows = williams(count)
    assert all(sorted(row) == list(range(count)) for row in rows)
    for place in range(count):
        assert set(Counter(row[place] for row in rows).values()) == {len(rows) // count}
    pairs = Counter(pair for row in rows for pair in pairwise(row))
    assert len(pairs) == count * (count - 1)
    assert len(set(pairs.values())) <= 1


def shown(study: Study, slot: int, kind: str) -> list[tuple[tuple[str, str], ...]]:
    return [t.shown for t in plan(study, slot).trials if t.kind == kind and not t.check]


def test_a_person_sees_every_sentence_by_every_method_once(study: Study) -> None:
    everything = sorted((method, sentence) for method in study.methods for sentence in study.emotions)
    for slot in range(20):
        for kind in (EMOTION, RATING):
            heads = [head for (head,) in shown(study, slot, kind)]
            assert sorted(heads) == everything
            for block in range(3):  # every sentence once before one comes again, and never twice in a row
                assert len({sentence for _, sentence in heads[7 * block : 7 * block + 7]}) == 7
            assert all(a[1] != b[1] for a, b in pairwise(heads))
        pairs = shown(study, slot, PAIR)
        assert sorted(left[1] for left, _ in pairs) == sorted(study.emotions)
        assert all(left[1] == right[1] and {left[0], right[0]} == set(study.pair or ()) for left, right in pairs)


def test_the_silent_part_comes_before_any_sound(study: Study) -> None:
    kinds = [t.kind for t in plan(study, 3).trials]
    assert list(dict.fromkeys(kinds)) == [EMOTION, SOUND, PAIR, RATING]


def test_methods_and_sides_are_counterbalanced(study: Study) -> None:
    people = 6
    firsts = Counter(
        (method, sentence)
        for slot in range(people)
        for ((method, sentence),) in shown(study, slot, RATING)[: len(study.emotions)]
    )
    assert set(firsts.values()) == {people // 3}  # each method speaks each sentence first for a third
    left = Counter(pair[0] for slot in range(people) for pair in shown(study, slot, PAIR))
    assert set(left.values()) == {people // 2}
    orders = {tuple(s for _, s in (p[0] for p in shown(study, slot, PAIR))) for slot in range(14)}
    assert len(orders) == 14


def test_nobody_can_tell_their_plan_from_their_place(make_study_of: Callable[..., Study]) -> None:
    one, other = (plan(make_study_of(seed=seed), 0) for seed in (1, 2))
    assert one != other


def test_some_of_many_sentences_go_round(make_study_of: Callable[..., Study]) -> None:
    study = make_study_of(each=3)
    seen = Counter(sentence for slot in range(7) for ((_, sentence), _) in shown(study, slot, PAIR))
    assert set(seen.values()) == {3}


def test_every_part_asks_for_attention_once(study: Study, make_study_of: Callable[..., Study]) -> None:
    for slot in range(10):
        checks = [t for t in plan(study, slot).trials if t.check]
        assert [t.kind for t in checks] == [EMOTION, PAIR, RATING]
        for trial in checks:
            assert trial.expected is not None
            assert all(trial.expected[q.name] in q.options for q in QUESTIONS[trial.kind])
    assert not any(t.check for t in plan(make_study_of(checks=False), 0).trials)


def test_without_emotions_or_a_pair_those_parts_are_left_out(make_study_of: Callable[..., Study]) -> None:
    bare = make_study_of(emotions=dict.fromkeys(EMOTIONS, ""), pair=None)
    assert {t.kind for t in plan(bare, 0).trials} == {SOUND, RATING}


def test_a_plan_is_kept_as_it_was(study: Study) -> None:
    own = plan(study, 4)
    assert Plan.from_json(own.to_json()) == own
    assert sorted(own.choices) == sorted(EMOTIONS)
