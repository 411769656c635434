import numpy as np
import pytest

from th_common.errors import InputError
from th_training.evaluate.emotion import TRUE, Discriminant, name_emotions, shrunk_covariance

IRIS_MEANS = {
    "setosa": (5.01, 3.43, 1.46, 0.25),
    "versicolor": (5.94, 2.77, 4.26, 1.33),
    "virginica": (6.59, 2.97, 5.55, 2.03),
}
"""Class means of Fisher's irises; the spread below is near theirs."""


def irises(per: int = 50, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    spread = np.array(
        [[0.27, 0.09, 0.17, 0.04], [0.09, 0.12, 0.06, 0.03], [0.17, 0.06, 0.19, 0.04], [0.04, 0.03, 0.04, 0.04]]
    )
    rows = [rng.multivariate_normal(mean, spread, per) for mean in IRIS_MEANS.values()]
    return np.concatenate(rows), [name for name in IRIS_MEANS for _ in range(per)]


def test_it_tells_irises_apart():
    x, labels = irises()
    judge = Discriminant.fit(x, labels)
    other, truth = irises(seed=1)
    named = judge(other)
    assert np.mean([a == b for a, b in zip(named, truth, strict=True)]) > 0.93
    assert named[:50] == ["setosa"] * 50


def test_it_is_as_good_as_scikit_learns():
    analysis = pytest.importorskip("sklearn.discriminant_analysis", reason="scikit-learn is not a dependency")
    x, labels = irises(per=12)
    other, truth = irises(seed=1)
    rng = np.random.default_rng(2)
    x = np.concatenate(
        (x, rng.standard_normal((len(x), 30))), axis=1
    )  # 34 numbers of 36 rows: singular without shrinkage
    other = np.concatenate((other, rng.standard_normal((150, 30))), axis=1)
    reference = analysis.LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(x, labels)
    mine, theirs = (
        np.mean([a == b for a, b in zip(named, truth, strict=True)])
        for named in (Discriminant.fit(x, labels)(other), reference.predict(other))
    )
    assert mine > max(theirs - 0.03, 0.7)


def test_shrinkage_is_ledoit_and_wolfs():
    covariance = pytest.importorskip("sklearn.covariance", reason="scikit-learn is not a dependency")
    x = np.random.default_rng(3).standard_normal((20, 8)) * np.arange(1, 9)
    expected = covariance.ledoit_wolf(x, assume_centered=True)[0]
    np.testing.assert_allclose(shrunk_covariance(x), expected, rtol=1e-6)


def test_what_cannot_be_learnt_is_refused():
    with pytest.raises(InputError, match="tell apart"):
        Discriminant.fit(np.zeros((4, 2)), ["a"] * 4)
    with pytest.raises(InputError, match="tell apart"):
        Discriminant.fit(np.full((2, 2), np.nan), ["a", "b"])


def test_an_emotion_that_the_codes_lack_is_not_named(parts, blurred):
    clips = {clip.id: clip for clip in parts[0].clips}
    flat = blurred("flat", 0.5, deaf_to=("happy",))
    found = name_emotions(parts, [blurred("good", 0.5), flat], clips)
    assert found.labels == ("happy", "neutral")
    assert len(found.clips) == 20
    assert found.right[TRUE].all()
    assert found.right["good"].mean() > 0.9
    assert found.confusion["flat"].tolist() == [[0, 10], [0, 10]]
    told = found.to_json()
    assert told["chance"] == pytest.approx(0.5, abs=0.2)
    assert told["named"]["flat"]["accuracy"].value == told["named"]["flat"]["balanced"] == 0.5


def test_one_emotion_is_no_question(parts, blurred):
    from dataclasses import replace

    same = tuple(replace(part, clips=tuple(replace(clip, emotion="neutral") for clip in part.clips)) for part in parts)
    assert name_emotions(same, [blurred("good", 0.5)], {clip.id: clip for clip in parts[0].clips}) is None
