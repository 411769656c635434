"""The report finds what is true of simulated people, and nothing where nothing is true."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.speech.sentences import EMOTIONS
from th_training.study import statistics as st
from th_training.study.design import plan
from th_training.study.report import write_report
from th_training.study.results import Results, read_results
from th_training.study.simulate import Someone, Truth, how_often, simulate
from th_training.study.store import Store
from th_training.study.study import Study
from th_training.study.summary import Summary, summarise

CONFUSED = np.full((7, 7), 0.05) + np.eye(7) * 0.65
"""Every emotion is recognised by 70 %, but anger is taken for disgust by all."""
CONFUSED[0] = np.eye(7)[1]
TRUTH = Truth(
    preference=0.7,
    confusion={"proposed": CONFUSED},
    recognition={"comparative": 0.3, "original": 0.9},
    marks={"proposed": (3.8, 3.4), "comparative": (3.0, 3.4), "original": (4.4, 4.2)},
)


def asked(study: Study, path: Path, people: int, truth: Truth, *, seed: int = 0, everybody: bool = False) -> Results:
    store = Store(path, study.digest, simulated=True)
    if not store.people():
        simulate(study, store, people, truth, seed=seed)
    results = read_results(study, store, everybody=everybody)
    store.close()
    return results


def test_the_truth_is_found_again(study: Study, tmp_path: Path) -> None:
    found = summarise(study, asked(study, tmp_path / "a", 150, TRUTH))
    assert found.preference is not None
    assert found.preference.share.low < 0.7 < found.preference.share.high
    assert found.preference.share.value == pytest.approx(0.7, abs=0.06)
    assert found.preference.alike > 1.2  # one person's answers are alike
    tests = found.tests
    assert tests["compatibility"].effect.low < 0.8 < tests["compatibility"].effect.high
    assert tests["naturalness"].effect.value == pytest.approx(0.0, abs=0.23)  # three standard errors
    assert {"preference", "compatibility", "recognition"} <= {name for name, test in tests.items() if test.sure}
    share = found.recognition["proposed"].counts / 150
    np.testing.assert_allclose(share, CONFUSED, atol=0.14)
    assert share[EMOTIONS.index("anger"), EMOTIONS.index("disgust")] == 1.0
    assert found.recognition["original"].right.value == pytest.approx(0.9, abs=0.03)
    assert found.marks["compatibility"]["original"].mean.value == pytest.approx(4.4, abs=0.12)
    assert found.others["original"]["naturalness"].value == pytest.approx(0.8, abs=0.2)


def test_what_is_not_true_is_hardly_ever_found_and_what_is_mostly(study: Study) -> None:
    null = list(how_often(study, 12, Truth(alike=3.0), repeats=60))
    assert set(null[0]) == {"preference", "compatibility", "naturalness", "recognition"}
    assert sum(any(one.values()) for one in null) <= 8  # 60 at 5 %: 3, and rarely more than 8
    true = list(how_often(study, 14, Truth(preference=0.85), repeats=10))
    assert sum(one["preference"] for one in true) >= 9


def test_the_binomial_test_is_too_sure_where_people_differ() -> None:
    found = [both_tests(seed) for seed in range(200)]
    assert sum(p < st.SURE for p, _ in found) > 2 * sum(p < st.SURE for _, p in found)


def both_tests(seed: int) -> tuple[float, float]:
    """p of the binomial and of the signed-rank test in a study of 16 people who are not alike, and of whom the mean has no preference."""
    rng = np.random.default_rng(seed)
    shares = rng.binomial(7, rng.beta(0.8, 0.8, 16))
    return st.binomial(int(shares.sum()), 7 * 16), st.signed_rank(shares / 7 - 0.5)


def test_a_study_in_which_nothing_is_true_says_so(study: Study, tmp_path: Path) -> None:
    found = summarise(study, asked(study, tmp_path / "a", 62, Truth(), seed=3))
    assert not any(test.sure for test in found.tests.values())
    assert found.preference is not None
    assert found.preference.share.low < 0.5 < found.preference.share.high


def test_careless_people_are_counted_and_left_out(study: Study, tmp_path: Path) -> None:
    careful = asked(study, tmp_path / "a", 80, Truth(preference=1.0, careless=0.3))
    everybody = asked(study, tmp_path / "a", 80, Truth(), everybody=True)
    assert (careful.began, careful.finished, len(everybody.people)) == (80, 80, 80)
    assert 10 < careful.failed == careful.left_out < 40
    assert len(careful.people) == 80 - careful.failed
    one, other = summarise(study, careful).preference, summarise(study, everybody).preference
    assert one is not None
    assert other is not None
    assert one.share.value > 0.97 > other.share.value


def test_people_who_have_not_finished_are_not_counted(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "a", study.digest, simulated=True)
    own = plan(study, 0)
    someone = Someone(study, Truth(), np.random.default_rng(0))
    answers = [someone.answers(k, trial) for k, trial in enumerate(own.trials[:9])]
    store.add([(0, own.to_json(), answers)], finished=False)
    results = read_results(study, store)
    store.close()
    assert (results.began, results.finished, results.people) == (1, 0, [])
    with pytest.raises(InputError, match="nothing to report: 1 people have begun"):
        write_report(study, results, results, tmp_path / "report")


@pytest.fixture(scope="module")
def report(make_study_of: Callable[..., Study], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    study, folder = make_study_of(), tmp_path_factory.mktemp("report")
    counted = asked(study, folder / "a", 40, Truth(preference=0.8, careless=0.1))
    everybody = asked(study, folder / "a", 40, Truth(), everybody=True)
    return folder / "out", write_report(study, counted, everybody, folder / "out")


def test_the_report_is_a_page_markdown_figures_and_plots(report: tuple[Path, Summary]) -> None:
    import cv2

    folder, found = report
    page, words = (folder / "report.html").read_text(), (folder / "report.md").read_text()
    for text in (page, words):
        assert "SIMULATED" in text
        assert "proposed was preferred to comparative" in text
    plots = sorted(path.name for path in folder.glob("*.png"))
    assert plots == [
        "figure-6-confusion.png",
        "figure-6-emotion.png",
        "figure-7-compatibility.png",
        "figure-8-naturalness.png",
        "preference.png",
    ]
    assert all(name in words for name in plots)
    assert page.count("data:image/png") == 5
    assert "http" not in page.replace("http-equiv", "")
    assert all(cv2.imread(str(folder / name)).shape[0] > 200 for name in plots)
    raw = json.loads((folder / "report.json").read_text())
    assert raw["people"] == {
        "began": 40,
        "finished": 40,
        "failed_a_check": found.results.failed,
        "counted": 40 - found.results.failed,
    }
    assert raw["tests"]["preference"]["beyond_chance"]
    assert raw["tests"]["preference"]["people_for_80"] < 40


def test_few_people_prove_nothing(study: Study, tmp_path: Path) -> None:
    for people in (1, 2, 5):
        found = summarise(study, asked(study, tmp_path / f"{people}", people, Truth(preference=1.0)))
        assert not any(test.sure for test in found.tests.values())


def test_a_study_of_one_method_without_emotions_and_one_person(
    make_study_of: Callable[..., Study], tmp_path: Path
) -> None:
    study = make_study_of(methods=("proposed",), pair=None, emotions={"one": "", "two": ""}, each=2, videos={
        "proposed": {"one": {"voiced": "1" * 32}, "two": {"voiced": "2" * 32}}
    })  # fmt: skip
    results = asked(study, tmp_path / "a", 1, Truth(marks={"proposed": (4.0, 4.0)}))
    found = write_report(study, results, results, tmp_path / "report")
    assert (found.preference, found.tests, found.recognition) == (None, {}, {})
    assert 2 <= found.marks["naturalness"]["proposed"].mean.value <= 5
