"""The report as people get it: a page that parses, figures that agree with the JSON, pictures and videos."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import av
import cv2
import numpy as np
import pytest

from th_common.errors import InputError
from th_training.corpus.format import Corpus, write_clip, write_manifest
from th_training.evaluate.intervals import Interval
from th_training.evaluate.methods import Method
from th_training.evaluate.page import cell, matrix, table
from th_training.evaluate.pictures import choose, frames_every, original_squares, sound_of
from th_training.evaluate.report import Options, write_report
from th_training.evaluate.scores import Truth, read_truths
from th_training.movie import write_movie

VOID = {"meta", "img", "br", "link", "use", "path"}


class Page(HTMLParser):
    """Collects words and links, and fails where elements are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.sources: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.sources += [value for key, value in attributes if key in ("src", "href") and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def made(parts, face, blurred, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    methods = [blurred("ours & more", 0.5), blurred("theirs", 1.5, "comparative", deaf_to=("happy",))]
    options = Options(title="A <title>", centre=False, examples=2, notes={"command": "th evaluate a b"})
    return out, write_report(parts, methods, out, face=face, options=options)


def test_the_page_and_the_figures_agree(made):
    out, told = made
    text = (out / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    words = " ".join(page.words)
    assert json.loads((out / "report.json").read_text(encoding="utf-8")) == told
    for name in ("ours & more", "theirs", "ridge", "mean trajectory", "mean code", "shuffled sound"):
        assert name in words
        assert f"{told['methods'][name]['corr'][0]:.3f}" in words
    assert "0.38857" in words
    assert "0.17053" in words
    assert "broken" in words
    assert "A <title>" in words
    assert "<b>words" not in text
    assert "th evaluate a b" in words


def test_the_figures_are_right(made):
    _, told = made
    assert told["format"] == "talking-head-report/1"
    assert told["clips"] == 20
    assert told["left_out"] == {"broken": "damaged video"}
    methods = told["methods"]
    assert methods["ours & more"]["corr"][0] > methods["theirs"]["corr"][0] > methods["shuffled sound"]["corr"][0]
    assert methods["mean code"]["corr"] == [0, 0, 0]
    assert methods["mean code"]["still"] == 320
    assert methods["ours & more"]["brow_height"][0] > methods["theirs"]["brow_height"][0]
    assert told["emotion"]["named"]["true codes"]["accuracy"][0] == 1
    assert told["emotion"]["named"]["theirs"]["accuracy"][0] == 0.5
    assert told["by_emotion"]["happy"]["difference"]["corr"][0] > 0
    assert told["leads"] == {"proposed": "ours & more", "comparative": "theirs", "baseline": "ridge"}


def test_nothing_is_fetched_from_elsewhere(made):
    out, _ = made
    for source in Page((out / "report.html").read_text(encoding="utf-8")).sources:
        assert source.startswith(("data:image/", "#")) or (out / source).is_file(), source
    assert "http" not in [source[:4] for source in Page((out / "report.html").read_text(encoding="utf-8")).sources]


def test_pictures_and_videos(made):
    out, _ = made
    strips = sorted((out / "pictures").iterdir())
    assert len(strips) == 4
    assert {path.stem.split("-")[-1] for path in strips} == {"5", "20"}
    strip = cv2.imread(str(strips[0]))
    assert strip.shape[0] == 3 * 150  # as coded, proposed, comparative: the corpus names no video
    assert strip.std() > 5
    for path in (out / "videos").iterdir():
        with av.open(str(path)) as video:
            assert video.streams.video[0].average_rate == 60
            assert video.streams.video[0].width == 3 * 360
            assert sum(1 for _ in video.decode(video=0)) in range(70, 90)


def test_without_a_face_it_says_so(parts, blurred, tmp_path):
    told = write_report(parts, [blurred("ours", 0.5)], tmp_path, face=None)
    assert "lip_opening" not in told["methods"]["ours"]
    assert "No face was given" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not (tmp_path / "pictures").exists()


def test_a_damaged_clip_is_named(corpus: Corpus, blurred, tmp_path):
    folder = tmp_path / "corpus"
    for clip in corpus.clips:
        write_clip(folder, clip, **corpus.arrays(clip))
    from th_training.corpus.splits import folds

    damaged = replace(write_manifest(folder, corpus.clips, profile="robot"), folder=folder)
    (folder / "clips" / "clip07.npz").write_bytes(b"PK")
    told = write_report(folds(damaged, 4, 0), [blurred("ours", 0.5)], tmp_path / "out", face=None)
    assert told["clips"] == 19
    assert "clip07" in told["left_out"]


def test_one_clip_and_still_faces_are_reported(corpus, tmp_path):
    """Nothing to correlate and nothing to draw from: dashes, and how many were left out, instead of a crash."""
    clips = []
    for n, clip in enumerate(corpus.clips[:4]):
        arrays = {"features": corpus.arrays(clip)["features"], "codes": np.zeros((clip.frames, 16), np.float32)}
        clips.append(write_clip(tmp_path, replace(clip, split="train" if n else "test"), **arrays))
    still = write_manifest(tmp_path, clips, profile="robot")
    wiggle = np.sin(np.arange(clips[0].frames))[:, None] * np.ones(16)
    told = write_report([still], [Method("ours", {clips[0].id: wiggle})], tmp_path / "out", face=None)
    assert told["clips"] == 1
    assert told["methods"]["ours"]["corr"] == [None, None, None]
    assert told["methods"]["ours"]["undefined"] == 16
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "16 of 16 true trajectories do not move" in text
    assert "nan" not in " ".join(Page(text).words)


def test_what_cannot_be_reported_is_refused(corpus, parts, blurred, tmp_path):
    with pytest.raises(InputError, match="nothing to report"):
        write_report([], [], tmp_path, face=None)
    everything = replace(corpus, clips=tuple(replace(clip, split="train") for clip in corpus.clips))
    with pytest.raises(InputError, match="no test clip"):
        write_report([everything], [blurred("ours", 0.5)], tmp_path, face=None)
    with pytest.raises(InputError, match="two methods are named 'ridge'"):
        write_report(parts, [blurred("ridge", 0.5)], tmp_path, face=None)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        write_report(parts, [blurred("ours", 0.5)], tmp_path / "file", face=None)


def test_frames_and_examples(corpus, face):
    truths, _ = read_truths(corpus, corpus.clips, face)
    every = frames_every(5, truths[0])
    assert len(every) == 9
    assert set(np.diff(every)) == {5}
    assert 0 <= every[0] <= every[-1] < truths[0].clip.frames
    assert frames_every(20, truths[0])[-1] < truths[0].clip.frames
    corr = np.linspace(0, 1, 20)
    chosen = choose(truths, corr, 4)
    assert [truth.clip.id for truth, _ in chosen[:2]] == ["clip10", "clip00"]
    assert len({truth.clip.id for truth, _ in chosen}) == len(chosen)


def test_originals_are_taken_from_the_video_at_the_frames_time(corpus, face, tmp_path):
    path = tmp_path / "clip.mp4"
    stripes = (np.arange(96) % 32 < 16)[:, None, None] | np.zeros((1, 128, 3), bool)
    write_movie(path, (np.where(stripes, 20 + 9 * k, 0).astype(np.uint8) for k in range(25)), fps=25, crf=5)
    squares = original_squares(path, 70, face)
    assert len(squares) == 70
    assert squares[0].shape == (96, 96, 3)
    # row 29 is at 30/60 s: picture 12 of 25 a second; the video ends at 1 s, and its last picture stays
    assert squares[29].mean() == pytest.approx(64, abs=3)
    assert squares[69].mean() == pytest.approx(118, abs=3)
    late = original_squares(path, 10, face, start=0.5)
    assert late[0].mean() == pytest.approx(64, abs=3)
    truth = read_truths(corpus, corpus.clips[:1], face)[0][0]

    def told(**extra: str) -> Truth:
        return replace(truth, clip=replace(truth.clip, extra=extra))

    (tmp_path / "own.wav").write_bytes(b"RIFF")
    assert sound_of(truth, tmp_path) is None
    assert sound_of(told(video=str(path)), tmp_path) == path
    assert sound_of(told(video=str(path), sound="own.wav"), tmp_path) == tmp_path / "own.wav"
    assert sound_of(told(video="gone.mp4", sound="gone.wav"), tmp_path) is None


def test_cells():
    assert cell(Interval(0.5, 0.4, 0.6), sign=True) == '<td class="sure">+0.500<small>0.400 .. 0.600</small></td>'
    assert cell(Interval(0.5, -0.4, 0.6), sign=True).startswith("<td>+0.5")
    assert cell(Interval(float("nan"), 0, 0)) == cell(None) == "<td>–</td>"
    assert "<th>a&lt;b</th>" in table(["a<b"], [])
    assert "50%" in matrix(["x", "y"], [[1, 1], [0, 2]], "c")
