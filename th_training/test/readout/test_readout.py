"""The read-out learnt from faces whose emotions are known: it learns them, is no surer than it may be, and says what it is worth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from th_common.errors import InputError
from th_face_renderer.face_model import FaceModel
from th_face_renderer.readout import NAMES, load_readout
from th_face_renderer.testing import synthetic_face, synthetic_model
from th_training import cli
from th_training.corpus.format import Clip, Corpus, write_clip, write_manifest
from th_training.readout import command
from th_training.readout.command import HELD_OUT, confusion_table, table
from th_training.readout.examples import END, Examples, hear, moments, place_of
from th_training.readout.fit import fit_readout, log_loss
from th_training.readout.scores import calibration_error, confusion, scores

FACE = synthetic_model(side=32)


def examples(count: int, *, noise: float, seed: int) -> Examples:
    """Statistics in which two of three emotions are told by one number each, after 1 s and at the end."""
    rng = np.random.default_rng(seed)
    wanted = rng.integers(0, 3, count)
    statistics = rng.normal(0, noise, (2 * count, 8))
    for k, emotion in enumerate(np.tile(wanted, 2)):
        if emotion < 2:
            statistics[k, emotion] += 2.0
    return Examples(
        statistics,
        np.repeat([0.9, 2.0], count),
        np.tile(wanted, 2),
        np.tile(np.arange(count), 2),
        np.repeat(["1 s", END], count),
        (),
    )


def test_emotions_are_told_and_what_cannot_be_told_is_not_believed() -> None:
    clear = fit_readout(examples(600, noise=0.4, seed=1), examples(100, noise=0.4, seed=2), forget=4.0)
    asked = examples(400, noise=0.4, seed=3)
    said = clear.probabilities(asked.statistics, asked.evidence)
    assert (said.argmax(1) == asked.wanted).mean() > 0.95
    assert said[:, 3:].max() < 0.1, "what was never said"

    blurred = examples(600, noise=3.0, seed=1)
    vague = fit_readout(blurred, examples(100, noise=3.0, seed=2), forget=4.0)
    asked = examples(1000, noise=3.0, seed=3)
    said = vague.probabilities(asked.statistics, asked.evidence)
    assert calibration_error(said, asked.wanted) < 0.1
    prior = np.exp(vague.prior) / np.exp(vague.prior).sum()
    assert log_loss(vague, asked) < -np.log(prior[asked.wanted]).mean()


def test_it_is_as_sure_as_the_checks_bear_out() -> None:
    learnt = examples(60, noise=0.2, seed=1)
    trusting = fit_readout(learnt, examples(200, noise=0.2, seed=2), forget=4.0)
    warned = fit_readout(learnt, examples(200, noise=3.0, seed=2), forget=4.0)
    one = learnt.where(learnt.wanted == 0)
    sure = [r.probabilities(one.statistics, one.evidence)[:, 0].mean() for r in (trusting, warned)]
    assert sure[1] < sure[0] - 0.1


def test_one_emotion_teaches_nothing() -> None:
    same = examples(20, noise=1.0, seed=0)
    with pytest.raises(InputError, match="several emotions"):
        fit_readout(same.where(same.wanted == 0), same, forget=4.0)


def test_calibration_is_the_mean_distance_of_sureness_from_truth() -> None:
    said = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
    assert calibration_error(said, np.array([0, 1, 0, 1])) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)
    assert calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0.0


def test_scores_say_what_naming_the_commonest_would_give() -> None:
    found = fit_readout(examples(300, noise=0.5, seed=1), examples(100, noise=0.5, seed=2), forget=4.0)
    asked = examples(90, noise=0.5, seed=5)
    rows = list(scores(found, {HELD_OUT: asked}))
    assert [(row.moment, row.count) for row in rows] == [("1 s", 90), (END, 90)]
    assert rows[1].accuracy.value > 0.8 > rows[1].commonest
    assert rows[1].loss < rows[1].prior_loss
    counts = confusion(found, asked)
    assert counts.sum() == 90
    assert np.trace(counts) == round(90 * rows[1].accuracy.value)
    assert "| voices held out | the clip | 90 |" in table(rows)
    assert len(confusion_table(counts).splitlines()) == 2 + len(NAMES)


def test_words_of_corpora_are_known() -> None:
    words = ("neutral", "anger", "sadness", "happiness", "surprise", "disgust", "fear")
    assert [place_of(word) for word in words] == list(range(7))
    with pytest.raises(InputError, match="boredom"):
        place_of("boredom")


def speech(seconds: float) -> np.ndarray:
    """Half a second of rest, then an open mouth."""
    codes = np.tile(FACE.rest, (30 + round(60 * seconds), 1))
    codes[30:, 0] += 3.0
    return codes


def test_it_is_asked_after_so_long_from_the_voices_beginning_on_and_at_the_end() -> None:
    found = moments(speech(2.5), FACE, forget=1e5)
    assert [name for name, *_ in found] == ["1 s", "2 s", END]
    assert [evidence for *_, evidence in found] == pytest.approx([1.0, 2.0, 2.5], abs=0.05)
    assert moments(np.tile(FACE.rest, (60, 1)), FACE, forget=4.0) == [], "nobody spoke"


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    clips = []
    for k, kind in enumerate(("speech", "quiet", "speech")):
        clip = Clip(id=f"c{k}", speaker="a", frames=90, source=f"s{k}", kind=kind, emotion="fear")
        features = np.zeros((90, 40), np.float32)
        clips.append(write_clip(tmp_path, clip, features=features, codes=np.zeros((90, 16), np.float32)))
    return write_manifest(tmp_path, clips, profile="robot", face="f")


def test_clips_are_heard_as_the_predictor_makes_them(corpus: Corpus) -> None:
    face: FaceModel = FACE
    found = hear(corpus, corpus.clips, lambda features: speech(1.0), face, forget=4.0)
    assert set(found.wanted) == {NAMES.index("scared")}
    assert found.clip.tolist() == [0, 1], "quiet clips say nothing"
    assert set(found.moment) == {END}
    with pytest.raises(InputError, match="no clip speaks"):
        hear(corpus, corpus.clips, lambda features: np.tile(FACE.rest, (90, 1)), face, forget=4.0)


class Sayer:
    """A predictor whose mouth opens, and whose seventh number is the emotion, with noise."""

    def predict(self, features: np.ndarray) -> np.ndarray:
        codes = speech(1.0)
        codes[:, 6] += features[0, 0] + 0.3 * np.random.default_rng(int(features[0, 1])).normal()
        return codes.astype(np.float32)


def test_the_command_teaches_a_model_and_says_what_that_is_worth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    synthetic_face(tmp_path / "model", side=32)
    clips = []
    for k in range(60):
        split = ("train", "train", "validation", "test")[k % 4]
        emotion, shift = (("happiness", 2.0), ("neutral", 0.0))[k // 4 % 2]
        features = np.zeros((90, 40), np.float32)
        features[0, :2] = shift, k
        clip = Clip(
            id=f"c{k}", speaker="abc"[k % 3], frames=90, source=f"s{k}", kind="speech", emotion=emotion, split=split
        )
        codes = np.zeros((90, 16), np.float32)
        clips.append(write_clip(tmp_path / "corpus", clip, features=features, codes=codes))
    write_manifest(tmp_path / "corpus", clips, profile="robot", face="f", about={"held_out": ["a"]})
    monkeypatch.setattr(command, "load_predictor", lambda folder: Sayer())

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as stop:
            cli.main(["readout", str(tmp_path / "model"), "--corpus", str(tmp_path / "corpus"), *arguments])
        told = capsys.readouterr()
        return int(stop.value.code or 0), told.out + told.err

    status, said = run("--dry-run")
    assert status == 0, said
    assert load_readout(tmp_path / "model") is None
    status, said = run()
    assert status == 0, said
    assert "| voices held out | the clip | 5 |" in said
    assert "| sentences held out | the clip | 10 |" in said
    found = load_readout(tmp_path / "model")
    assert found is not None
    assert found.worth is not None
    assert found.worth[0] >= 0.8
    assert found.forget == command.FORGET
    (tmp_path / "corpus" / "manifest.json").write_text(
        (tmp_path / "corpus" / "manifest.json").read_text().replace('"robot"', '"live"')
    )
    assert run()[0] == 1, "a corpus of another profile"
