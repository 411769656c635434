"""`make ahead`: what schemes may know when they show a frame, what comes of them, and the page."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from th_common.errors import InputError
from th_common.model_folder import write_model
from th_face_predictor import load_predictor
from th_face_predictor.architecture import Architecture
from th_face_predictor.cost import random_predictor
from th_training.evaluate import ahead, ahead_trials
from th_training.evaluate.ahead_arrivals import Way, listen
from th_training.evaluate.ahead_judge import Told, shortcomings
from th_training.evaluate.ahead_schemes import (
    Linear,
    as_streamed,
    bounded,
    corrected,
    eased,
    estimates,
    least,
    revisions,
    switched,
    taps,
    with_context,
)
from th_training.evaluate.anytime import train_anytime
from th_training.evaluate.intervals import Interval
from th_training.learn.recipes import PAPER, RECIPES, Stage, at_lookahead
from th_training.learn.trained import read_trained

REACH = 3
QUICK = replace(PAPER, name="quick", units=8, members=2, stages=(Stage(epochs=2, limited=False),), centre=True)


@pytest.fixture(scope="module")
def said() -> tuple[np.ndarray, np.ndarray]:
    features = np.random.default_rng(0).standard_normal((20, 40)).astype(np.float32)
    return features, estimates(random_predictor("BBF", lookahead=REACH), features, REACH)


def test_an_estimate_knows_what_was_heard_until_then_and_no_more(said):
    features, codes = said
    predictor = random_predictor("BBF", lookahead=REACH)
    assert codes.shape == (REACH + 1, 20, 16)
    np.testing.assert_allclose(codes[REACH], as_streamed(predictor, features, REACH), atol=1e-5)
    changed = features.copy()
    changed[12:] += 1.0
    other = estimates(predictor, changed, REACH)
    for ahead_by in range(REACH + 1):
        same = np.abs(other - codes)[ahead_by].max(1) < 1e-6
        assert same[: 12 - ahead_by].all()
        assert not same[12 - ahead_by :].any()
    # the last frames have what there is
    np.testing.assert_array_equal(codes[2, 19], codes[0, 19])


def test_revisions_are_of_the_past_and_corrections_are_bounded(said):
    _, codes = said
    found = revisions(codes, 1)
    np.testing.assert_allclose(found[1][10], codes[3, 8] - codes[1, 8])
    assert not found[:, 0].any()
    limit = np.full(16, 1e-3, np.float32)
    offset = corrected(codes, 1, gain=1.0, limit=limit) - codes[1]
    assert offset.any()
    assert np.abs(np.diff(offset, axis=0)).max() <= 1.001e-3
    steps = np.abs(np.diff(bounded(codes[1], limit), axis=0))
    assert steps.max() <= 1.001e-3


def test_an_eased_face_goes_over_to_what_is_known_by_now(said):
    _, codes = said
    context = np.where(np.arange(20) < 10, 0, 2)
    raw = with_context(codes, context)
    np.testing.assert_array_equal(raw[:10], codes[0, :10])
    np.testing.assert_array_equal(raw[10:], codes[2, 10:])
    np.testing.assert_array_equal(eased(codes, context, keep=0.0), raw)
    some = eased(codes, context, keep=0.5)
    np.testing.assert_allclose(some[10] - raw[10], 0.5 * (some[9] - codes[3, 9]), atol=1e-6)
    # nothing is kept where nothing changes any more
    full = np.full(20, REACH)
    np.testing.assert_array_equal(eased(codes, full, keep=0.5), codes[REACH])
    live = codes[1] + 1.0
    both = switched(codes, live, context, first=2, keep=0.5)
    np.testing.assert_array_equal(both[:10], live[:10])
    np.testing.assert_allclose(both[10] - raw[10], 0.5 * (live[9] - codes[3, 9]), atol=1e-6)
    limit = np.full(16, 1e-6, np.float32)
    stays = eased(codes, context, keep=0.0, limit=limit)
    np.testing.assert_allclose(stays[10] - raw[10], stays[9] - codes[3, 9], atol=2e-6)


def test_the_least_context_of_the_last_frames():
    np.testing.assert_array_equal(least(np.array([3, 1, 4, 4, 4]), 3), [3, 1, 1, 1, 4])


def test_the_linear_scheme_finds_the_weights():
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal((4, 50, 16)) for _ in range(3)]
    weights = rng.standard_normal((4, 16))
    truths = [np.einsum("ktd,kd->td", x, weights) for x in inputs]
    np.testing.assert_allclose(Linear.fit(inputs, truths, ridge=1e-9).weights, weights, atol=0.05)
    said = rng.standard_normal((3, 50, 16)).astype(np.float32)
    assert len(taps(said, 1, later=True)) == len(taps(said, 1, later=False)) + 6
    np.testing.assert_array_equal(taps(said, 1, later=False)[0], said[1])


def test_context_beyond_what_a_model_waits_for_comes_with_the_margin():
    alone = listen(Way("alone", 0.016), seconds=30.0)
    shaken = listen(Way("shaken", 0.04, jitter=0.1), seconds=30.0)
    assert np.mean(alone.context >= 1) > 0.99
    assert 1.0 < alone.context.mean() < shaken.context.mean()
    assert alone.delay < shaken.delay
    drawn = shaken.of_clip(50, np.random.default_rng(0), 6)
    assert drawn.shape == (50,)
    assert 0 <= drawn.min() <= drawn.max() <= 6


def test_who_is_better_than_live():
    def told(**above: float) -> dict[str, Told]:
        return {k: Told(Interval(0.5, 0.4, 0.6), Interval(v, v - 0.01, v + 0.01)) for k, v in above.items()}

    assert shortcomings(told(corr=0.02, lips=0.02, jerk=0.0, lip_jerk=-0.1)) == []
    assert shortcomings(told(corr=0.02, lips=0.005, jerk=0.0, lip_jerk=0.0)) == ["lips"]
    assert shortcomings(told(lips=0.02, lip_jerk=0.02)) == ["lip_jerk"]


def test_a_network_for_any_lookahead_is_trained_once(corpus, parts, tmp_path):
    recipe = replace(at_lookahead(QUICK, REACH), name="anytime")
    first = train_anytime(parts[0], recipe, tmp_path / "any")
    again = train_anytime(parts[0], recipe, tmp_path / "any")
    assert first.lookahead == again.lookahead == REACH
    for name, tensor in first.tensors.items():
        np.testing.assert_array_equal(tensor, again.tensors[name])
    assert read_trained(tmp_path / "any").figures["epochs"] == 2
    features, codes = parts[0].load(parts[0].split("test")[0])
    assert first.predictor().predict(features).shape == codes.shape


def test_from_a_corpus_to_the_page(corpus, tmp_path, monkeypatch):
    docs, work = tmp_path / "docs", tmp_path / "work"
    docs.mkdir()
    (tmp_path / "recordings" / "grid_x").mkdir(parents=True)
    shutil.copytree(corpus.folder, work / "grid")
    monkeypatch.setattr(ahead, "recipe_of", lambda reach: at_lookahead(QUICK, reach))
    monkeypatch.setattr(
        "th_training.evaluate.lookahead.recipe_of",
        lambda reach: replace(at_lookahead(QUICK, reach), name=f"lookahead-{reach}"),
    )
    monkeypatch.setattr(ahead, "DELAYS", (0, 1, 6))
    monkeypatch.setattr(ahead_trials, "WAYS", (Way("shaken", 0.04, jitter=0.1, begin=0.0),))
    ahead.ahead(
        work, docs, folds=4, first=1, jobs=1, seed=0, recordings=tmp_path / "recordings", corpus=None, model=tmp_path
    )
    page = (docs / "ahead.md").read_text(encoding="utf-8")
    assert "ARGS='--first 1'" in page
    assert "nan" not in page
    assert page.count("| 17 |") == 5  # one a network
    tables = [line for line in page.splitlines() if line.startswith("|")]
    assert any("eased" in line for line in tables)
    assert (docs / "images" / "ahead.svg").read_text(encoding="utf-8").startswith("<svg")


def test_the_shipped_model_is_judged_on_its_corpus_and_on_a_stranger(parts, face, tmp_path, monkeypatch):
    network = Architecture(name="BBF", units=8)
    rng = np.random.default_rng(0)
    shapes = {f"net.{name}": shape for name, shape in network.tensor_shapes().items()}
    tensors = {name: rng.uniform(-0.5, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    for name, size in (("feature", 40), ("code", 16)):
        tensors |= {f"{name}.mean": np.zeros(size, np.float32), f"{name}.sd": np.ones(size, np.float32)}
    write_model(
        tmp_path / "model",
        name="live",
        profile=parts[0].profile,
        shape=8,
        appearance=8,
        lookahead=1,
        licence="CC0-1.0",
        network=network.to_card(),
        training={"predictor": {"recipe": {"lips": [0.1] * 17, "code_weights": None}}},
        face=face.to_tensors(),
        predictor=tensors,
    )
    recipe = ahead.live_recipe(tmp_path / "model")
    assert (recipe.lookahead, recipe.lips, recipe.stages) == (ahead.REACH, (0.1,) * 17, RECIPES["live"].stages)
    monkeypatch.setattr(ahead, "live_recipe", lambda model: at_lookahead(QUICK, REACH))
    actor, stranger = ahead.actor(parts[0], tmp_path / "model", parts[0], tmp_path / "any")
    tested = parts[0].split("test")
    assert [case.id for case in actor.cases] == [clip.id for clip in tested]
    streamed = actor.cases[0].streamed["trained for it"][1]
    np.testing.assert_array_equal(
        streamed, as_streamed(load_predictor(tmp_path / "model"), parts[0].load(tested[0])[0], 1)
    )
    assert stranger.cases[0].codes is None
    assert len(stranger.cases) == len(parts[0].clips)
    with pytest.raises(InputError, match="hears"):
        ahead.actor(replace(parts[0], profile="paper"), tmp_path / "model", None, tmp_path / "any")
