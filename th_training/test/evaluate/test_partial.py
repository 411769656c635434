import numpy as np
import pytest

from th_training.evaluate.intervals import Bootstrap
from th_training.evaluate.methods import Method
from th_training.evaluate.partial import partial_correlation, what_it_adds
from th_training.evaluate.scores import read_truths


def test_it_is_the_correlation_of_what_is_left():
    rng = np.random.default_rng(0)
    other, noise, hidden = rng.standard_normal((3, 200, 2))
    true, predicted = other + hidden, 0.5 * other + hidden + 0.3 * noise
    left = []
    for k in range(2):
        basis = np.column_stack([other[:, k], np.ones(200)])
        a, b = (x[:, k] - basis @ np.linalg.lstsq(basis, x[:, k], rcond=None)[0] for x in (predicted, true))
        left.append(np.corrcoef(a, b)[0, 1])
    assert partial_correlation(predicted, true, other) == pytest.approx(left)


def test_nothing_more_and_nothing_left():
    rng = np.random.default_rng(1)
    true, other = rng.standard_normal((2, 300, 1))
    assert partial_correlation(2 * other + 1, true, other)[0] == 0
    assert abs(partial_correlation(rng.standard_normal((300, 1)), true, other)[0]) < 0.15
    assert np.isnan(partial_correlation(other, true, true)[0])
    assert np.isnan(partial_correlation(other, np.ones((300, 1)), other + true)[0])
    assert partial_correlation(true, true, np.zeros((300, 1)))[0] == pytest.approx(1)


def test_the_half_that_the_other_lacks(corpus, face):
    truths, _ = read_truths(corpus, corpus.clips, face)
    rng = np.random.default_rng(2)
    wrong = {t.clip.id: rng.standard_normal(t.codes.shape).astype(np.float32) for t in truths}
    good = Method("good", {t.clip.id: t.codes + 0.1 * wrong[t.clip.id] for t in truths})
    bad = Method("bad", wrong)
    found = what_it_adds(good, bad, truths, face, Bootstrap(20))
    assert found["corr"].low > 0.9
    assert found["lip_opening"].low > 0.8
    assert what_it_adds(bad, good, truths, None, Bootstrap(20))["corr"].value < 0
