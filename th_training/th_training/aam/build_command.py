"""`th aam build`: a face from videos or pictures of one person, or from the drawn actor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from th_common.errors import InputError
from th_training.aam.files import write_face
from th_training.progress import bar
from th_training.tiles import write_picture

console = Console(highlight=False, soft_wrap=True)

CACHE = Path("build/cache/landmarks")


def build(
    out: Annotated[Path, typer.Option(help="Face to write (.safetensors); its mode sheet goes beside it.")],
    files: Annotated[list[Path] | None, typer.Argument(help="Videos or pictures of one person.")] = None,
    frames: Annotated[int, typer.Option(help="Pictures to build from, of all files together.", min=20)] = 600,
    shape_modes: Annotated[int, typer.Option(help="Shape parameters of the code.", min=1, max=64)] = 8,
    appearance_modes: Annotated[int, typer.Option(help="Appearance parameters of the code.", min=1, max=64)] = 8,
    portrait: Annotated[
        int, typer.Option(help="Side of the portrait cut around the face, px; 0: the whole picture.", min=0, max=2160)
    ] = 512,
    texture_size: Annotated[
        int | None, typer.Option(help="Longer side of the texture, px [default: the portrait's].", min=32, max=4096)
    ] = None,
    annotations: Annotated[
        Path | None, typer.Option(help="Folder of .pts or .ljson made by hand; they override the tracker.")
    ] = None,
    only_annotated: Annotated[
        bool, typer.Option(help="Build from annotated frames alone; dlib is not needed.")
    ] = False,
    first_pixel: Annotated[int, typer.Option(help="What .pts files call the first pixel: 1 or 0.", min=0, max=1)] = 1,
    any_light: Annotated[bool, typer.Option(help="Also use clips whose light differs from the others'.")] = False,
    actor: Annotated[bool, typer.Option(help="The drawn actor instead of files.")] = False,
    recorded: Annotated[
        Path | None, typer.Option(help="With --actor: a recorded corpus whose motion to draw [default: babble].")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the choice of frames.")] = 0,
    cache: Annotated[Path, typer.Option(help="Where measured landmarks are remembered.")] = CACHE,
) -> None:
    """Build a face: model, mode sheet, explained variance beside the paper's."""
    from th_training.aam.inspect import lines
    from th_training.aam.sheets import mode_sheet

    if out.suffix != ".safetensors":
        raise InputError(f"a face's name must end in .safetensors, not {out.name!r}")
    if portrait and portrait < 64:
        raise InputError(f"a portrait has at least 64 px, not {portrait} (0: the whole picture)")
    if actor == bool(files):
        raise InputError("name the videos or pictures to build from, or --actor, not both")
    if actor:
        model, figures, rest = _actor(frames, portrait or 512, texture_size, recorded, seed)
    else:
        from th_training.aam.build import build_face
        from th_training.aam.collect import collect
        from th_training.landmarks.sources import make_sources, names_once

        names_once(files or [])
        sources = make_sources(cache, annotations, by_hand_only=only_annotated, first=first_pixel)
        found = collect(
            files or [],
            sources,
            frames,
            least=max(shape_modes + 1, appearance_modes + 2),
            any_light=any_light,
            seed=seed,
            progress=bar("landmarks"),
        )
        for reason in found.left_out:
            console.print(f"left out: {reason}", markup=False)
        landmarks = found.landmarks
        built = build_face(
            bar("textures")(found.pictures(), len(landmarks)),
            landmarks,
            shape_modes=shape_modes,
            appearance_modes=appearance_modes,
            texture_size=texture_size,
            align=True,
            portrait=portrait or None,
        )
        model, rest = built.model, found.name(built.rest)
        by_hand = sum(
            len(track.by_hand & set(picked)) for track, picked in zip(found.tracks, found.chosen, strict=True)
        )
        figures = {**built.figures, "frames_by_hand": float(by_hand)}
    write_face(out, model)
    sheet = out.with_suffix(".modes.png")
    write_picture(sheet, mode_sheet(model))
    out.with_suffix(".json").write_text(json.dumps({**figures, "rest": rest}, indent=2) + "\n", encoding="utf-8")
    console.print("\n".join(lines(figures)), markup=False)
    console.print(f"at rest: {rest}", markup=False)
    console.print(f"{out}: {out.stat().st_size / 1e6:.1f} MB; modes at -2, 0, +2 sd: {sheet}", markup=False)


def _actor(count: int, side: int, texture_size: int | None, recorded: Path | None, seed: int):
    from th_training.aam.make import make_actor_face
    from th_training.aam.poses import babble
    from th_training.actor import Actor

    if recorded is None:
        tracks = babble(7200, seed=seed)
    else:
        from th_training.corpus import actor as corpora
        from th_training.corpus.format import read_corpus

        tracks = corpora.tracks(read_corpus(recorded))
    face = make_actor_face(
        Actor(side), np.asarray(tracks), count=count, seed=seed, texture_size=texture_size, progress=bar("drawing")
    )
    return face.model, face.figures, "the actor's rest pose"
