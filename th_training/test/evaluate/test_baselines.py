import numpy as np
import pytest

from th_training.corpus.format import Clip
from th_training.evaluate.baselines import Ridge, baselines, in_context, shuffled
from th_training.evaluate.methods import Method
from th_training.learn.data import Clips
from th_training.learn.metrics import agreement


def test_context_is_the_frames_around():
    x = np.arange(5.0)[:, None]
    assert in_context(x, 2)[2].tolist() == [0, 1, 2, 3, 4]
    assert in_context(x, 2)[0].tolist() == [0, 0, 0, 1, 2]
    assert in_context(x, 2)[4].tolist() == [2, 3, 4, 4, 4]


def test_ridge_is_the_closed_form(parts):
    training = Clips.of(parts[0], "train")
    ridge = Ridge.fit(training, Clips.of(parts[0], "validation"), alphas=(50.0,))
    pairs = [training.load(k) for k in range(len(training))]
    features, codes = (np.concatenate(rows).astype(np.float64) for rows in zip(*pairs, strict=True))
    mean, sd = features.mean(0), features.std(0)
    rows = np.concatenate([in_context((x - mean) / sd) for x, _ in pairs])
    bias = codes.mean(0)
    weights = np.linalg.solve(rows.T @ rows + 50 * np.eye(rows.shape[1]), rows.T @ (codes - bias))
    x = pairs[0][0]
    np.testing.assert_allclose(ridge(x), in_context((x - mean) / sd) @ weights + bias, atol=1e-4)


def test_each_test_clip_has_its_baselines_by_other_clips(parts):
    methods, left_out = baselines(parts, centre=True)
    assert left_out == {}
    found = {method.name: method for method in methods}
    assert list(found) == ["ridge", "mean trajectory", "mean code"]
    clips = parts[0].clips
    for method in found.values():
        assert method.kind == "baseline"
        assert all(method.codes[clip.id].shape == (clip.frames, 16) for clip in clips)
    truth = {clip.id: parts[0].load(clip)[1] for clip in clips}
    corr = {n: agreement((m.codes[c], truth[c]) for c in truth).corr for n, m in found.items()}
    assert corr["mean code"] == 0
    assert corr["ridge"] > 0.9 > 0.3 > abs(corr["mean trajectory"])
    assert len(found["ridge"].about["alpha"]) == 4
    training = [truth[clip.id] for clip in parts[1].split("train")]
    tested = parts[1].split("test")[0]
    assert found["mean code"].codes[tested.id][3] == pytest.approx(np.concatenate(training).mean(0), abs=1e-4)


def test_shuffled_sound_is_another_clips(parts):
    clips = [Clip(id=n, speaker="s", frames=f, source=s) for n, f, s in
             (("a", 10, "x"), ("b", 11, "x"), ("c", 10, "y"), ("d", 40, "z"))]  # fmt: skip
    method = Method("m", {c.id: np.full((c.frames, 2), float(ord(c.id))) for c in clips})
    mixed = shuffled(method, clips)
    heard = mixed.about["heard"]
    assert heard["a"] == "c"
    assert heard["b"] == "c"
    assert heard["d"] in ("a", "b", "c")
    for clip in clips:
        assert mixed.codes[clip.id].shape == (clip.frames, 2)
        assert (mixed.codes[clip.id] == ord(heard[clip.id])).all()
