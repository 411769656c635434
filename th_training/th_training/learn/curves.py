"""`th curves RUN... PICTURE`: the learning curves of trainings, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from th_common.errors import InputError
from th_training.learn.trained import read_history
from th_training.whole import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from th_training.learn.fit import Epoch

SUFFIXES = (".png", ".jpg", ".pdf", ".svg")

app = typer.Typer(add_completion=False)


@app.command()
def command(
    runs: Annotated[
        list[Path], typer.Argument(help="folders of `th train`, finished or not; then the picture to write")
    ],
) -> None:
    """Plot error and CORR over the epochs of trainings: th curves RUN... PICTURE.png."""
    *folders, picture = runs
    if not folders or picture.suffix.lower() not in SUFFIXES:
        raise InputError(f"th curves RUN... PICTURE: the picture's name must end in {', '.join(SUFFIXES)}")
    histories = {folder.name: read_history(folder) for folder in folders}
    if len(histories) < len(folders):
        histories = {str(folder): read_history(folder) for folder in folders}
    figure = draw(histories)
    with replacing(picture) as partial:
        figure.savefig(partial, dpi=100, format=picture.suffix[1:].lower())
    Console(highlight=False).print(f"{picture}: {', '.join(histories)}", markup=False)


def draw(histories: Mapping[str, Sequence[Epoch]]) -> Figure:
    """Three panels over the epochs of all stages: training and validation error (logarithmic), validation CORR."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style: Any = {
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.3,
        "text.parse_math": False,
    }
    panels = (("loss", "training error"), ("validation", "validation error"), ("corr", "validation CORR"))
    with mpl.rc_context(style):
        figure = Figure(figsize=(12.0, 4.0), layout="constrained")
        FigureCanvasAgg(figure)
        for axis, (field, title) in zip(figure.subplots(1, 3), panels, strict=True):
            for name, history in histories.items():
                marker = "o" if len(history) == 1 else ""
                axis.plot(range(1, len(history) + 1), [getattr(e, field) for e in history], marker=marker, label=name)
            axis.set_title(title, fontsize=11)
            axis.set_xlabel("epoch")
            if field != "corr":
                axis.set_yscale("log")
        figure.legend(*axis.get_legend_handles_labels(), loc="outside right upper", frameon=False)
    return figure
