"""`th aam build` and `th aam inspect` from end to end on a small drawn person; damaged faces are refused in words."""

import json
import shutil

import cv2
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner

from th_common.errors import InputError, ModelError, TalkingHeadError
from th_common.model_folder import CARD, FACE, write_model
from th_training.aam import commands
from th_training.aam.files import read_face, write_face
from th_training.landmarks import sources
from th_training.landmarks.files import write_landmarks
from th_training.landmarks.pose import move
from th_training.movie import write_movie

av = pytest.importorskip("av", reason="PyAV is not installed")
SHIFTS = np.random.default_rng(4).normal(0, 1.2, (120, 2))


@pytest.fixture(scope="module")
def film(drawn, tmp_path_factory):
    """Two videos (60 frames each, the head moving) of the drawn person, and a folder of exact annotation."""
    folder = tmp_path_factory.mktemp("film")
    (folder / "hand").mkdir()
    _, images, landmarks = drawn
    turns = np.concatenate([np.broadcast_to(np.eye(2), (120, 2, 2)), SHIFTS[..., None]], 2)
    for clip, start in (("one", 0), ("two", 60)):
        frames = [
            cv2.warpAffine(images[k], turns[k], (96, 96), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            for k in range(start, start + 60)
        ]
        write_movie(folder / f"{clip}.mp4", frames, fps=30, crf=8)
        for k in range(60):
            write_landmarks(folder / "hand" / f"{clip}_{k:06d}.pts", move(landmarks[start + k], turns[start + k]))
    return folder


def run(*arguments):
    result = CliRunner().invoke(commands.app, [str(word) for word in arguments])
    if isinstance(result.exception, TalkingHeadError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def face(film):
    out = film / "face.safetensors"
    clips = [film / "one.mp4", film / "two.mp4"]
    said = run(
        "build",
        *clips,
        "--out",
        out,
        "--annotations",
        film / "hand",
        "--only-annotated",
        "--portrait",
        96,
        "--frames",
        90,
    )
    return out, " ".join(said.split())


def test_a_face_is_built_from_hand_annotation_alone(face):
    out, said = face
    assert "(paper: 98.0%)" in said
    assert "(paper: 79.9%)" in said
    assert "frames_by_hand: 120" in said  # more than asked for: what was annotated is always used
    model = read_face(out)
    assert model.dimensions == (8, 8)
    assert model.canvas == (96, 96)
    kept = json.loads(out.with_suffix(".json").read_text())
    assert kept["shape_explained"] > 0.95
    assert kept["rest"] in said
    assert cv2.imread(str(out.with_suffix(".modes.png"))).shape == (800, 2400, 3)


def test_numbers_of_modes_and_sizes_are_options(film):
    out = film / "small.safetensors"
    options = ("--shape-modes", 3, "--appearance-modes", 2, "--portrait", 0, "--texture-size", 64, "--frames", 40)
    run("build", film / "one.mp4", "--out", out, "--annotations", film / "hand", "--only-annotated", *options)
    model = read_face(out)
    assert model.dimensions == (3, 2)
    assert model.canvas == (96, 96)
    assert model.texture_mean.shape == (64, 64, 3)


def test_round_trips_are_measured_and_shown(face, film, tmp_path):
    options = ("--annotations", film / "hand", "--only-annotated", "--movies", 1, "--out", tmp_path, "--worst", 5)
    figures = json.loads(run("inspect", face[0], film / "one.mp4", film / "two.mp4", *options, "--json"))
    together = figures["videos"]["all"]
    assert (together["clips"], together["frames"]) == (2, 120)
    assert together["psnr_face_db"] > 24
    assert together["landmark_error_px"] < 0.5
    worst = [row["psnr_face_db"] for row in figures["videos"]["worst"]]
    assert worst == sorted(worst)
    assert worst[0] == together["psnr_face_worst_db"]
    assert figures["videos"]["clips"]["one"]["frames"] == 60
    with av.open(str(tmp_path / "one.mp4")) as movie:
        frames = [frame.to_ndarray(format="bgr24") for frame in movie.decode(video=0)]
    assert len(frames) == 60
    assert frames[0].shape == (96, 3 * 96, 3)
    assert not (tmp_path / "two.mp4").exists()
    for name in ("modes.png", "worst.png", "one.codes.png"):
        assert cv2.imread(str(tmp_path / name)) is not None
    said = run("inspect", face[0], film / "one.mp4", *options)
    assert "worst frames:" in said
    assert said.count("one frame") == 5


def test_the_round_trip_may_be_that_of_the_fitter(face, film, tmp_path, monkeypatch):
    from th_training.aam import follow_face
    from th_training.landmarks.annotations import read_annotations

    exact = read_annotations(film / "hand").of("one")
    monkeypatch.setattr(follow_face, "FaceFinder", lambda model: lambda image: [exact[0]])
    figures = json.loads(run("inspect", face[0], film / "one.mp4", "--fitted", "--out", tmp_path, "--json"))
    assert figures["videos"]["all"]["frames"] == 60
    assert figures["videos"]["all"]["psnr_face_db"] > 24
    assert (tmp_path / "one.mp4").is_file()


def test_frames_that_are_missing_are_held():
    from th_training.aam.round_trip import Trip, in_step

    def trip(frame):
        grey = np.full((8, 8, 3), frame, np.uint8)
        return Trip("clip", frame, grey, grey, np.zeros(16), 30.0, 30.0, 1.0, 0.0)

    shown = [int(picture[-1, 0, 0]) for picture in in_step([trip(2), trip(3), trip(6)])]
    assert shown == [2, 2, 2, 3, 3, 3, 6]


def test_the_tracker_is_judged_by_exact_landmarks(drawn, monkeypatch):
    from th_training.aam.inspect_command import _tracker
    from th_training.landmarks import dlib68

    images, exact = list(drawn[1][:12]), drawn[2][:12]

    class Finder:
        def detect(self, image):
            return None if np.array_equal(image, images[4]) else True

        def landmarks(self, image, box):
            k = next(k for k, one in enumerate(images) if np.array_equal(image, one))
            return exact[k] + 3.6, 1.0

    monkeypatch.setattr(dlib68, "Landmarker", Finder)
    figures = _tracker(images, exact)
    assert figures["tracker_frames"] == 11
    assert figures["tracker_error_iod"] == pytest.approx(3.6 * np.sqrt(2) / 36, abs=1e-4)  # outer eye corners: 36 px
    assert figures["tracker_error_iod_without_constant"] == pytest.approx(0, abs=1e-3)
    assert figures["tracker_lip_opening_r"] == pytest.approx(1)
    monkeypatch.setattr(dlib68, "Landmarker", lambda: (_ for _ in ()).throw(InputError("no dlib")))
    assert _tracker(images, exact) == {}


def test_pictures_with_landmarks_beside_them_are_enough(drawn, tmp_path):
    for k in range(30):
        cv2.imwrite(str(tmp_path / f"p{k}.png"), drawn[1][k])
        write_landmarks(tmp_path / f"p{k}.pts", drawn[2][k])
    run("build", *sorted(tmp_path.glob("*.png")), "--out", tmp_path / "f.safetensors", "--portrait", 0, "--any-light")
    assert read_face(tmp_path / "f.safetensors").canvas == (96, 96)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--out", "face.npz"), "end in .safetensors"),
        (("--out", "f.safetensors", "--actor"), "not both"),
        (("--out", "f.safetensors", "--only-annotated"), "no folder of annotations"),
        (("--out", "f.safetensors", "--portrait", 20), "at least 64 px"),
        (("--out", "f.safetensors", "--annotations", "nowhere"), "no such folder"),
    ],
)
def test_what_cannot_be_built_is_refused(film, options, text):
    with pytest.raises(InputError, match=text):
        run("build", film / "one.mp4", *options)
    with pytest.raises(InputError, match="name the videos"):
        run("build", "--out", "f.safetensors")


def test_without_dlib_the_way_by_hand_is_said(film, monkeypatch, tmp_path):
    from th_training.landmarks import dlib68, video

    def gone(name):
        raise ImportError(name)

    dlib68.shared.cache_clear()
    monkeypatch.setattr(dlib68.importlib, "import_module", gone)
    monkeypatch.setattr(video, "_VERSION", "test")
    with pytest.raises(InputError, match="pip install"):
        run("build", film / "one.mp4", "--out", tmp_path / "f.safetensors", "--cache", tmp_path)
    assert sources.Landmarker is dlib68.Landmarker
    assert not list(tmp_path.glob("*.npz"))  # a missing package is not a fault of the video


# --- faces that are not in order: one sentence before anything is drawn -----------------------------------------------


def broken(name):
    def change(tensors):
        if name == "nan in the mean shape":
            tensors["shape.mean"][3, 0] = np.nan
        elif name == "infinite scale":
            tensors["texture.scale"][2] = np.inf
        elif name == "other texture size":
            tensors["texture.modes"] = tensors["texture.modes"][:, 1:]
        elif name == "fewer points":
            tensors["shape.mean"] = tensors["shape.mean"][:80]
        elif name == "triangle of no points":
            tensors["triangles"][0, 0] = 5000
        elif name == "no modes":
            del tensors["shape.modes"]
        elif name == "rest of another length":
            tensors["rest"] = tensors["rest"][:-1]
        return tensors

    return change


CASES = {
    "nan in the mean shape": "'shape.mean' holds NaN",
    "infinite scale": "'texture.scale' holds NaN or infinity",
    "other texture size": "'texture.modes' has shape",
    "fewer points": "shape_modes has shape|reference has shape",
    "triangle of no points": "triangles must name points",
    "no modes": "'shape.modes' is missing",
    "rest of another length": "rest has shape",
}


@pytest.fixture
def undrawn(monkeypatch):
    """Drawing is an error."""
    from th_training.aam import sheets

    def draw(*arguments, **options):
        raise AssertionError("something was drawn")

    monkeypatch.setattr(sheets, "mode_sheet", draw)


def as_folder(folder, tensors, **changes):
    write_model(
        folder,
        **{
            "name": "test", "profile": "robot", "shape": 8, "appearance": 8, "lookahead": 8, "licence": "CC0-1.0",
            "network": {}, "training": {}, "face": tensors, "predictor": {"a": np.zeros(1, np.float32)}, **changes,
        },
    )  # fmt: skip
    return folder


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("folder", [False, True])
def test_a_face_whose_parts_do_not_fit_is_refused(face, tmp_path, name, folder):
    tensors = broken(name)({key: value.copy() for key, value in load_file(face[0]).items()})
    place = tmp_path / "face.safetensors"
    if folder:
        place = as_folder(tmp_path / "model", tensors)
    else:
        save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, place)
    with pytest.raises(ModelError, match=CASES[name]) as error:
        run("inspect", place, "--out", tmp_path / "out")
    assert str(place) in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("cut", [0, 7, 500, -1])
def test_a_truncated_face_is_refused(face, tmp_path, cut):
    short = tmp_path / "short.safetensors"
    short.write_bytes(face[0].read_bytes()[:cut])
    with pytest.raises(ModelError, match=r"short.safetensors: not a face, or truncated"):
        run("inspect", short, "--out", tmp_path / "out")
    model = as_folder(tmp_path / "model", load_file(face[0]))
    (model / FACE).write_bytes((model / FACE).read_bytes()[:cut])
    with pytest.raises(ModelError, match="SHA-256"):
        run("inspect", model, "--out", tmp_path / "out")


@pytest.mark.usefixtures("undrawn")
def test_a_foreign_face_is_refused(face, tmp_path):
    tensors = load_file(face[0])
    model = as_folder(tmp_path / "model", tensors)
    other = as_folder(tmp_path / "other", {**tensors, "rest": tensors["rest"] * 0})
    shutil.copy(other / FACE, model / FACE)
    with pytest.raises(ModelError, match="of another model"):
        run("inspect", model)
    card = json.loads((model / CARD).read_text())
    (model / CARD).write_text(json.dumps({**card, "files": json.loads((other / CARD).read_text())["files"]}))
    with pytest.raises(ModelError, match="belongs to another face"):
        run("inspect", model)
    with pytest.raises(ModelError, match="card says 9"):
        run("inspect", as_folder(tmp_path / "nine", tensors, shape=9))
    with pytest.raises(ModelError, match="no such face"):
        run("inspect", tmp_path / "missing.safetensors")


def test_a_face_that_cannot_be_written_is_said(built, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot (be written|make the folder)"):
        write_face(tmp_path / "file" / "face.safetensors", built.model)
