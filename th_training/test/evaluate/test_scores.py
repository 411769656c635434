from dataclasses import replace

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.corpus.format import write_clip, write_manifest
from th_training.evaluate.intervals import Bootstrap
from th_training.evaluate.methods import Method, best, common_clips
from th_training.evaluate.scores import MEASURES, read_truths, score
from th_training.evaluate.summary import difference, plain, summarise


@pytest.fixture
def truths(corpus, face):
    found, left_out = read_truths(corpus, corpus.clips, face)
    assert left_out == {}
    return found


def test_the_truth_itself_is_perfect(truths, face):
    true = Method("true", {t.clip.id: t.codes for t in truths})
    found = score(true, truths, face)
    assert found.values["corr"] == pytest.approx(np.ones((20, 16)))
    for name in ("velocity_corr", "jerk_corr", "velocity_ratio", "jerk_ratio"):
        assert found.values[name] == pytest.approx(np.ones_like(found.values[name])), name
    for name in ("rmse", "rmse_centred", "px", "px_centred", "seen_px"):
        assert found.values[name] == pytest.approx(np.zeros(20), abs=1e-4), name
    assert found.values["lip_opening"] == pytest.approx(np.ones(20))
    assert found.values["seen_lip_opening"] == pytest.approx(np.ones(20))
    assert (found.undefined, found.still) == (0, 0)


def test_a_shift_is_in_the_error_and_not_in_the_centred_error(truths, face):
    shifted = Method("shifted", {t.clip.id: t.codes + np.float32(0.5) for t in truths})
    found = score(shifted, truths, face)
    assert found.values["rmse"] == pytest.approx(np.full(20, 0.5), abs=1e-5)
    assert found.values["rmse_centred"] == pytest.approx(np.zeros(20), abs=1e-5)
    way = 0.5 * face.shape_modes[:, :68].sum(0)
    assert found.values["px"] == pytest.approx(np.full(20, np.sqrt((way**2).sum(-1).mean())), rel=0.1)
    assert np.median(found.values["px_centred"]) < 0.2 * found.values["px"].min()  # codes beyond 4 sd are cut


def test_half_the_movement_is_half_the_velocity(truths):
    half = Method("half", {t.clip.id: t.codes / 2 for t in truths})
    found = score(half, truths, None)
    assert found.values["velocity_ratio"] == pytest.approx(np.full(20, 0.5))
    assert found.values["jerk_ratio"] == pytest.approx(np.full(20, 0.5))
    assert "px" not in found.values


def test_constant_trajectories_are_counted(truths, face):
    stiff = [replace(t, codes=np.where(np.arange(16) == 3, np.float32(1), t.codes)) for t in truths]
    lazy = {t.clip.id: np.where(np.arange(16) >= 14, np.float32(2), t.codes) for t in stiff}
    found = score(Method("lazy", lazy), stiff, face)
    assert found.undefined == 20
    assert found.still == 40
    assert np.isnan(found.values["corr"][:, 3]).all()
    assert (found.values["corr"][:, 14:] == 0).all()


def test_what_does_not_fit_is_refused_by_name(truths, face):
    good = {t.clip.id: t.codes for t in truths}
    short = good | {"clip03": good["clip03"][:-1]}
    with pytest.raises(InputError, match=r"m: clip clip03 has predictions \(\d+, 16\)"):
        score(Method("m", short), truths, face)
    with pytest.raises(InputError, match="m: the predictions of clip clip03 hold NaN"):
        score(Method("m", good | {"clip03": good["clip03"] * np.nan}), truths, face)


def test_clips_that_cannot_be_used_are_named(corpus, face, tmp_path):
    clips = [write_clip(tmp_path, replace(c, key=""), **corpus.arrays(c)) for c in corpus.clips[:4]]
    clips[0] = write_clip(
        tmp_path, replace(clips[0], frames=3), **{k: v[:3] for k, v in corpus.arrays(corpus.clips[0]).items()}
    )
    small = write_manifest(tmp_path, clips, profile="robot")
    (tmp_path / "clips" / "clip01.npz").write_bytes(b"PK damaged")
    truths, left_out = read_truths(small, small.clips, face)
    assert [t.clip.id for t in truths] == ["clip02", "clip03"]
    assert "no movement" in left_out["clip00"]
    assert "clip01" in left_out["clip01"]


def test_only_what_all_have_predicted_is_compared(corpus):
    one = Method("one", {c.id: np.zeros(1) for c in corpus.clips})
    two = Method("two", {c.id: np.zeros(1) for c in corpus.clips[1:]})
    clips, left_out = common_clips(corpus.clips, [one, two])
    assert len(clips) == 19
    assert left_out == {"clip00": "not predicted by two"}
    with pytest.raises(InputError, match="two methods are named 'one'"):
        common_clips(corpus.clips, [one, one])
    with pytest.raises(InputError, match="no test clip was predicted by all of one, none"):
        common_clips(corpus.clips, [one, Method("none", {})])
    assert best([one, two], {"one": 0.1, "two": 0.2}, "proposed") is two
    assert best([one, two], {"one": 0.1, "two": 0.2}, "comparative") is None


def test_differences_are_paired(truths, face, blurred):
    good, bad = (score(blurred("m", noise), truths, face) for noise in (0.5, 0.6))
    apart = Bootstrap(20).mean(good.values["corr"]).high - Bootstrap(20).mean(bad.values["corr"]).low
    found = difference(good, bad, 8, Bootstrap(20))
    assert set(found) == {"corr", "corr_shape", "corr_appearance", *MEASURES, *(f"seen_{m}" for m in MEASURES)}
    gain = good.values["corr"].mean() - bad.values["corr"].mean()
    assert found["corr"].value == pytest.approx(gain)
    assert found["corr"].excludes_zero
    assert found["corr"].high - found["corr"].low < apart


def test_a_summary(truths, face, blurred):
    methods = [blurred("p", 0.5), blurred("q", 1.0, network="FBF"), blurred("c", 2.0, "comparative")]
    scores = {m.name: score(m, truths, face) for m in methods}
    found = summarise(methods, scores, truths, 8)
    assert found["leads"] == {"proposed": "p", "comparative": "c"}
    assert found["table1"]["proposed"]["cells"]["BBF"]["corr"] == found["methods"]["p"]["corr"]
    assert found["table1"]["proposed"]["best"] == found["methods"]["p"]["corr"].value
    assert found["table1"]["proposed"]["paper"] == 0.38857
    assert found["table1"]["comparative"]["paper"] == 0.17053
    assert [(d["one"], d["other"]) for d in found["differences"]] == [("p", "q"), ("p", "c")]
    halves = found["methods"]["p"]["corr_shape"].value + found["methods"]["p"]["corr_appearance"].value
    assert found["methods"]["p"]["corr"].value == pytest.approx(halves / 2)
    assert len(found["methods"]["p"]["by_dimension"]) == 16
    assert set(found["by_emotion"]) == {"happy", "neutral"}
    assert found["by_emotion"]["happy"]["clips"] == 10
    assert found["by_emotion"]["happy"]["difference"]["corr"].value > 0
    told = plain(found)
    assert len(told["methods"]["p"]["corr"]) == 3
    assert told["methods"]["p"]["levels"]["lip_opening"][0] > 0.9
