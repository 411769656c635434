"""A study in a real browser: from the first page to the report, with a closed tab, a killed server, a telephone and a keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from th_face_renderer.testing_browser import Chromium, Page, find_browser
from th_training.study.design import Plan
from th_training.study.report import write_report
from th_training.study.results import read_results
from th_training.study.simulate import Someone, Truth
from th_training.study.store import Store
from th_training.study.study import ANSWERS, Study, write_study

TRUTH = Truth(
    preference=1.0,
    recognition={"proposed": 1.0, "still": 0.0, "original": 1.0},
    marks={"proposed": (5.0, 1.0), "still": (1.0, 5.0), "original": (5.0, 5.0)},
)
# Videos last 0.05 s, but for the first, which is watched as people do.
QUICK = """
const play = HTMLMediaElement.prototype.play;
window.watched = [];
HTMLMediaElement.prototype.play = function () {
  if (watched.length) this.playbackRate = 12;
  watched.push(this.getAttribute("src"));
  return play.call(this);
};
"""
SMALLEST = """
[...document.querySelectorAll("button, .option, .agree")].filter((e) => e.offsetParent)
  .map((e) => e.getBoundingClientRect()).reduce((least, box) => Math.min(least, box.width, box.height), 999)
"""
AT = "document.getElementById('place').textContent"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    if find_browser() is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on this machine")
    with Chromium() as chromium:
        yield chromium


class Participant:
    """Somebody who looks at a page, and says what is true of them."""

    def __init__(self, page: Page, folder: Path, study: Study) -> None:
        self.page, self._folder, self._study = page, folder, study
        self._someone = Someone(study, TRUTH, np.random.default_rng(0))

    def turn(self) -> None:
        """From the words before a part, where they are shown, to its first trial."""
        self.page.wait("!!document.querySelector('.words button:not(.quiet):not(:disabled), form.trial')")
        self.page.evaluate("document.querySelector('.words button:not(.quiet)')?.click()", gesture=True)
        self.page.wait("!!document.querySelector('form.trial')")

    def said(self) -> dict[str, str]:
        """The true answer to the trial on show."""
        store = Store(self._folder / ANSWERS, self._study.digest)
        (person, _) = store.people()[-1]
        store.close()
        return dict(self._someone.answers(0, Plan.from_json(person.plan).trials[person.answered]).answer)

    def watch(self) -> None:
        """All videos to their ends; nothing can be answered before."""
        assert self.page.evaluate(
            "document.querySelector('fieldset').disabled && document.querySelector('.next').disabled"
        )
        for number in range(self.page.evaluate("document.querySelectorAll('video').length")):
            self.page.evaluate(f"document.querySelectorAll('.play')[{number}].click()", gesture=True)
            self.page.wait(f"document.querySelectorAll('video')[{number}].ended")
        self.page.wait("!document.querySelector('fieldset').disabled")

    def choose(self, answer: dict[str, str]) -> None:
        for name, value in answer.items():
            self.page.evaluate(f"document.querySelector('[name={name}][value=\"{value}\"]').click()")
        self.page.wait("!document.querySelector('.next').disabled")

    def send(self) -> None:
        before = self.page.evaluate(AT)
        self.page.evaluate("document.querySelector('.next').click(); document.querySelector('.next').click()")
        self.page.wait(f"{AT} !== {before!r}")

    def answer(self) -> None:
        """One trial."""
        self.watch()
        self.choose(self.said())
        self.send()

    def press(self, key: str, text: str = "") -> None:
        for kind in ("keyDown", "keyUp"):
            self.page.call("Input.dispatchKeyEvent", type=kind, key=key, text=text if kind == "keyDown" else "")


def fits(page: Page) -> None:
    """Nothing is wider than the screen, and everything can be touched."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(SMALLEST) >= 44


def test_from_the_first_page_to_the_report(
    made: tuple[Path, Study], browser: Chromium, serve: Callable[..., Any], tmp_path: Path
) -> None:
    folder, study = tmp_path / "study", replace(made[1], each=1)
    shutil.copytree(made[0], folder)
    write_study(folder, study)
    server = serve(folder)
    page = browser.open(server.url, width=1280, height=800, before=QUICK)
    page.wait("!!document.getElementById('agree')")
    assert page.evaluate("document.querySelector('.words button').disabled")
    assert page.evaluate("document.title") == "Talking faces"
    page.evaluate("document.getElementById('agree').click()")
    page.evaluate("document.querySelector('.words button').click()", gesture=True)
    page.wait("document.querySelector('h1').textContent === 'Faces without sound'")
    person = Participant(page, folder, study)
    person.turn()
    video = "document.querySelector('video')"
    person.watch()  # as people do
    assert page.evaluate(f"{video}.getVideoPlaybackQuality().totalVideoFrames") > 5
    assert page.evaluate(f"{video}.videoWidth === 64 && !{video}.webkitAudioDecodedByteCount")
    truth = person.said()
    choices = page.evaluate("[...document.querySelectorAll('[name=emotion]')].map((input) => input.value)")
    person.press(str(choices.index(truth["emotion"]) + 1))
    page.wait("!document.querySelector('.next').disabled")
    person.press(" ", " ")  # once more
    page.wait("watched.length === 2")
    person.press("Enter", "\r")
    page.wait(f"{AT} === '2 of 11'")
    person.answer()

    # The tab is closed in the middle of a part, and opened on the same device's small screen
    page.shut()
    page = browser.open(server.url, width=360, height=740, scale=2.0, mobile=True, before=QUICK, beside=page)
    page.wait("document.querySelector('h1')?.textContent === 'Welcome back'")
    assert page.evaluate(AT) == "3 of 11"
    fits(page)
    person.page = page
    kinds = set()
    while page.evaluate("document.querySelector('h1')?.textContent") != "Thank you":
        person.turn()
        kind = page.evaluate("document.querySelector('form').className")
        if kind not in kinds:
            fits(page)
        if kind == "trial sound" and kind not in kinds:
            person.watch()
            assert page.evaluate(f"{video}.webkitAudioDecodedByteCount > 0")
            person.choose({"tones": "2" if study.tones != 2 else "3"})
            page.evaluate("document.querySelector('.next').click()")
            page.wait("document.getElementById('trouble').textContent.includes('listen once more')")
        if kind == "trial pair" and kind not in kinds:  # the server dies while it is asked, and comes back
            person.watch()
            person.choose(person.said())
            server.kill()
            page.evaluate("document.querySelector('.next').click()")
            page.wait("document.getElementById('trouble').textContent.includes('No connection')")
            before = page.evaluate(AT)
            server = serve(folder, server.port)
            page.wait(f"{AT} !== {before!r} && document.getElementById('trouble').hidden")
        else:
            person.answer()
        kinds.add(kind)
        page.wait("!!document.querySelector('h1, form')")
    assert kinds == {"trial emotion", "trial sound", "trial pair", "trial rating"}
    outside = (
        "performance.getEntriesByType('resource').filter((entry) => !entry.name.startsWith(location.origin)).length"
    )
    assert page.evaluate(outside) == 0
    assert [error for error in page.errors if "ERR_" not in error] == []
    page.evaluate("location.reload()")
    page.wait("document.querySelector('h1')?.textContent === 'Thank you'")
    page.close()
    server.stop()

    store = Store(folder / ANSWERS, study.digest)
    results = read_results(study, store)
    store.close()
    assert (results.began, results.finished, results.failed) == (1, 1, 0)
    found = write_report(study, results, results, tmp_path / "report")
    assert found.preference is not None
    assert (found.preference.count, found.preference.total) == (1, 1)
    assert [found.recognition[m].right.value for m in study.methods] == [1.0, 0.0, 1.0]
    marks = [[found.marks[s][m].mean.value for s in ("compatibility", "naturalness")] for m in study.methods]
    assert marks == [[5, 1], [1, 5], [5, 5]]
    assert "1 people" in (tmp_path / "report" / "report.md").read_text()


def test_answers_are_deleted_by_who_gave_them(
    made: tuple[Path, Study], browser: Chromium, serve: Callable[..., Any], tmp_path: Path
) -> None:
    folder, study = tmp_path / "study", made[1]
    shutil.copytree(made[0], folder)
    server = serve(folder)
    page = browser.open(server.url, width=360, height=740, mobile=True, before=QUICK + "window.confirm = () => true;")
    page.wait("!!document.getElementById('agree')")
    fits(page)
    page.evaluate("document.getElementById('agree').click()")
    page.evaluate("document.querySelector('.words button').click()", gesture=True)
    person = Participant(page, folder, study)
    person.turn()
    person.answer()
    page.evaluate("document.getElementById('forget').click()")
    page.wait("document.querySelector('h1')?.textContent === 'Deleted'")
    page.evaluate("location.reload()")
    page.wait("!!document.getElementById('agree')")
    page.close()
    server.stop()
    store = Store(folder / ANSWERS, study.digest)
    assert store.people() == []
    store.close()
