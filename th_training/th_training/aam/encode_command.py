"""`th aam encode`: videos of one person to facial codes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from th_common.errors import InputError

console = Console(highlight=False)


def encode(
    face: Annotated[Path, typer.Argument(help="Model folder, or a face that `th aam build` wrote.")],
    videos: Annotated[list[Path], typer.Argument(help="Videos of the same person, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Folder for NAME.npz: codes (T, 16), quality, landmarks, pose, fps, face.")],
    fps: Annotated[float, typer.Option(help="Rows per second; row i is at (i + 1) / fps s of the sound.")] = 60.0,
    jobs: Annotated[int | None, typer.Option(help="Processes [default: one per core].", min=1, max=256)] = None,
) -> None:
    """Code videos: the face is found once, followed from frame to frame, its pose taken out; to 60 rows a second.

    What is there and unchanged is kept. Clips that cannot be used are named and left out; where one could not be coded for
    another reason (memory, disk, a process that was killed) the others are, and the exit status is 1.
    """
    from th_training.aam.encode_corpus import encode_corpus, find_videos
    from th_training.progress import bar

    begin = time.perf_counter()
    found = find_videos(videos)
    outcomes = encode_corpus(face, found, out, fps=fps, jobs=jobs, progress=bar("encoding"))
    for outcome in outcomes:
        if outcome.reason:
            console.print(f"{outcome.state}: {outcome.reason}", markup=False, soft_wrap=True)
    good = [outcome for outcome in outcomes if not outcome.reason]
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    new = [outcome for outcome in good if outcome.state == "coded"]
    rows, seconds = sum(outcome.frames for outcome in new), time.perf_counter() - begin
    console.print(
        f"{len(new)} videos coded, {len(good) - len(new)} kept, {len(outcomes) - len(good) - len(failed)} left out"
        f"{f', {len(failed)} failed' if failed else ''}; "
        f"{rows} rows in {seconds:.1f} s; {out}",
        markup=False,
        soft_wrap=True,
    )
    for outcome in sorted(good, key=lambda o: o.quality)[:3]:
        console.print(f"least sure: {outcome.video.stem}, quality {outcome.quality:.3f}", markup=False, soft_wrap=True)
    if failed:
        raise InputError(
            f"{len(failed)} of {len(outcomes)} videos failed, {len(good)} are in {out}; the same command tries the others again"
        )
    if not good:
        raise InputError(f"none of {len(outcomes)} videos can be used")
