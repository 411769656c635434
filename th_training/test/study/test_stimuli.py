"""The videos of a study: what phones play, silent ones without a sound track, all others at one level, names that tell nothing."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from th_common.errors import InputError
from th_training.study.loudness import PEAK, loudness
from th_training.study.make import make_study
from th_training.study.stimuli import Method
from th_training.study.study import CONSENT, KEY, STIMULI, Study, read_consent, read_study, video_path
from th_training.study.table import read_sentences

SIZE = 64  # px, as conftest's


def test_videos_are_what_phones_play(made: tuple[Path, Study]) -> None:
    folder, study = made
    lengths = set()
    for method in study.methods:
        for sentence in study.emotions:
            for kind, sound in (("voiced", ["aac"]), ("silent", [])):
                with av.open(str(video_path(folder, study.videos[method][sentence][kind]))) as container:
                    assert [s.codec_context.name for s in container.streams.audio] == sound
                    (video,) = container.streams.video
                    assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
                    assert (video.width, video.height, video.average_rate) == (SIZE, SIZE, 60)
                    lengths.add(sum(1 for _ in container.decode(video=0)))
    assert lengths == {36}  # 0.6 s, whatever the method


def test_all_sounds_have_one_level(made: tuple[Path, Study]) -> None:
    folder, study = made
    files = [study.videos[m][s]["voiced"] for m in study.methods for s in study.emotions]
    levels = [loudness(video_path(folder, token)) for token in [*files, study.sound]]
    wanted = study.about["loudness"]["level"]
    assert [round(found.level - wanted) for found in levels] == [0] * len(levels)
    assert max(found.peak for found in levels) < PEAK + 1.5  # a square wave, after AAC
    before = study.about["loudness"]["before"]
    assert before["loud"] - before["soft"] == pytest.approx(26.0, abs=0.2)


def test_names_tell_nothing_and_the_key_is_written_last(made: tuple[Path, Study]) -> None:
    folder, study = made
    assert read_study(folder) == study
    files = sorted(path.name for path in (folder / STIMULI).iterdir())
    assert files == sorted(f"{token}.mp4" for token in study.tokens)
    assert len(set(files)) == 13
    assert len({path.stat().st_mtime_ns for path in (folder / STIMULI).iterdir()}) == 1
    assert study.pair == ("proposed", "still")
    assert study.emotions == {"loud": "anger", "soft": "sadness"}
    for path in (folder / STIMULI).iterdir():
        data = path.read_bytes()
        assert not any(name.encode() in data for name in (*study.methods, *study.emotions))


def test_what_cannot_be_made_is_said_before_anything_is_drawn(model: Path, sounds: Path, tmp_path: Path) -> None:
    sentences = read_sentences(sounds / "sentences.csv")
    with pytest.raises(InputError, match="neither codes"):
        make_study(tmp_path / "a", sentences, [Method("lost", recorded=tmp_path, face=model)])
    with pytest.raises(InputError, match="names of their own"):
        make_study(tmp_path / "b", sentences, [Method("one", model=model), Method("one", model=model)])
    np.savez(tmp_path / "loud.npz", codes=np.zeros((0, 16), np.float32))
    (tmp_path / "soft.npz").write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"(loud|soft)\.npz"):
        make_study(tmp_path / "c", sentences, [Method("broken", recorded=tmp_path, face=model)], size=SIZE)
    assert not (tmp_path / "c" / KEY).exists()
    (tmp_path / KEY).write_text("{}")
    with pytest.raises(InputError, match="already"):
        make_study(tmp_path, sentences, [Method("one", model=model)])


def test_the_words_of_consent_are_the_researchers(made: tuple[Path, Study], tmp_path: Path) -> None:
    assert "You must be 18" in read_consent(made[0])
    for words, said in (("", "empty"), ("x" * 20_001, "longer")):
        (tmp_path / CONSENT).write_text(words)
        with pytest.raises(InputError, match=said):
            read_consent(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "other/1"}, "not of format"),
        ({"methods": []}, "at least"),
        ({"pair": ["proposed", "nobody"]}, "not two of"),
        ({"emotions": {"loud": "rage"}}, "'rage'"),
        ({"sound": "../../secret"}, "no name of a video"),
        ({"sound": "0" * 32}, "missing"),
        ({"each": 0}, "at least"),
        ({"videos": {}}, "no video of"),
        ({"more": 1}, "not readable"),
    ],
)
def test_a_damaged_key_is_refused(
    made: tuple[Path, Study], tmp_path: Path, change: dict[str, object], said: str
) -> None:
    raw = json.loads((made[0] / KEY).read_text())
    (tmp_path / STIMULI).symlink_to(made[0] / STIMULI)
    (tmp_path / KEY).write_text(json.dumps({**raw, **change}))
    with pytest.raises(InputError, match=said):
        read_study(tmp_path)
