import numpy as np
import pytest
from menpo.model import PCAVectorModel

from th_common.errors import InputError
from th_training.aam.appearance import Samples, TextureCoder, fit_appearance
from th_training.aam.texels import Layout

PIXELS, TRIANGLES, FRAMES = 60, 6, 50


@pytest.fixture
def layout():
    starts = np.arange(TRIANGLES + 1) * (PIXELS // TRIANGLES)
    rows, columns = np.divmod(np.arange(PIXELS), 10)
    return Layout(rows, columns, starts, np.array([1.0, 1, 1, 2, 3, 1]), (0, 0, 6, 10))


def textures(rng, *, rank=4, noise=2.0):
    codes = rng.normal(size=(FRAMES, rank)) * np.linspace(20, 8, rank)
    axes = np.linalg.qr(rng.normal(size=(PIXELS * 3, rank)))[0] * 3
    data = 128 + codes @ axes.T + rng.normal(0, noise, (FRAMES, PIXELS * 3))
    return np.clip(np.round(data), 0, 255).astype(np.uint8).reshape(FRAMES, PIXELS, 3)


def test_is_menpos_pca_where_everything_is_seen(layout):
    layout = Layout(layout.rows, layout.columns, layout.starts, np.ones(TRIANGLES), layout.roi)
    data = textures(np.random.default_rng(0))
    samples = Samples(textures=data, visibility=np.ones((FRAMES, TRIANGLES)), layout=layout)
    found = fit_appearance(samples, modes=4, rounds=20)
    menpo = PCAVectorModel(data.reshape(FRAMES, -1).astype(float), max_n_components=4)
    np.testing.assert_allclose(found.sd, np.sqrt(menpo.eigenvalues), rtol=0.02)
    axes = found.modes.reshape(4, -1) / found.sd[:, None]
    np.testing.assert_allclose(np.abs((axes * menpo.components).sum(1)), 1, atol=0.01)
    assert found.explained == pytest.approx(menpo.variance_ratio(), abs=0.005)


def test_modes_are_orthogonal_and_codes_in_standard_deviations(layout):
    data = textures(np.random.default_rng(1))
    samples = Samples(textures=data, visibility=np.ones((FRAMES, TRIANGLES)), layout=layout)
    found = fit_appearance(samples, modes=4)
    weight = np.repeat(layout.weights, PIXELS // TRIANGLES)
    gram = np.einsum("ikc,k,jkc->ij", found.modes, weight, found.modes)
    np.testing.assert_allclose(gram, np.diag(gram.diagonal()), atol=1e-3 * gram.max())
    np.testing.assert_allclose(found.codes.std(0, ddof=1), 1, atol=0.02)


def test_what_is_not_seen_does_not_count(layout):
    rng = np.random.default_rng(2)
    data, visibility = textures(rng, rank=2, noise=0.0), np.ones((FRAMES, TRIANGLES))
    clean = data.copy()
    hidden = rng.random(FRAMES) < 0.5
    visibility[hidden, 4] = 1e-3
    data[hidden, 40:50] = rng.integers(0, 255, (hidden.sum(), 10, 3))
    found = fit_appearance(Samples(textures=data, visibility=visibility, layout=layout), modes=2, rounds=20)
    drawn = found.mean + np.tensordot(found.codes, found.modes, 1)
    assert np.abs(drawn - clean).mean() < 1.0


def test_codes_of_the_coder_are_those_of_the_fit(layout):
    data = textures(np.random.default_rng(3))
    samples = Samples(textures=data, visibility=np.ones((FRAMES, TRIANGLES)), layout=layout)
    found = fit_appearance(samples, modes=4)
    coder = TextureCoder(found.mean, found.modes, layout)
    np.testing.assert_allclose(coder.encode(data[7:8], samples.visibility[7:8])[0], found.codes[7], atol=1e-4)


def test_too_few_frames_are_refused(layout):
    samples = Samples(
        textures=textures(np.random.default_rng(0))[:5], visibility=np.ones((5, TRIANGLES)), layout=layout
    )
    with pytest.raises(InputError, match="at least 10 frames"):
        fit_appearance(samples)
