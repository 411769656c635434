"""One picture of a sound and its features on one time axis: something to look at when a face misbehaves."""

from __future__ import annotations

import math
import os
import textwrap
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from th_audio_features.profiles import CEPSTRA, FRAME_RATE, STATICS
from th_common.errors import InputError
from th_training.features.analyse import ENERGY, F0, Analysis, Excerpt
from th_training.features.hints import hints, percent
from th_training.whole import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".jpg", ".pdf", ".svg")
SIZE, DPI = (16.0, 12.0), 100  # inches, px per inch
_INK, _SOFT, _ALARM, _WELL = "#22313f", "#6c7a86", "#c0392b", "#2d7d46"
_WAVE, _VOICED, _DELTA, _MARK = "#2f6690", "#fdeccb", "#e08e45", "#d1495b"
_RANGE = 70.0  # dB of the spectrogram
_CEPSTRUM = 30.0  # colour limit; the same in all pictures, so that they compare
_ROWS, _COLUMNS = 256, 1400  # of the spectrogram
_LEFT, _RIGHT, _BAR = 0.072, 0.918, 0.927


def save_plot(analysis: Analysis, path: str | os.PathLike[str]) -> None:
    """Draw the excerpt of an analysis, 1600 x 1200 px; the file appears whole or not at all.

    Raises:
        InputError: the name does not end in .png, .jpg, .pdf or .svg, or cannot be written.
    """
    target = Path(path)
    check_name(target)
    figure = draw(analysis)
    with replacing(target) as partial, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # of a file's name
        figure.savefig(partial, dpi=DPI, format=target.suffix[1:].lower())


def check_name(path: Path) -> None:
    """Raise InputError for a picture's name of an unknown kind."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"the picture's name must end in {', '.join(SUFFIXES)}, not {path.name!r}")


def draw(analysis: Analysis) -> Figure:
    """The figure: waveform, mel spectrogram, cepstra, energy, F0."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style: Any = {
        "font.size": 11.5,
        "axes.edgecolor": _SOFT,
        "axes.labelcolor": _INK,
        "xtick.color": _SOFT,
        "ytick.color": _SOFT,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.parse_math": False,  # a file may be called $x$
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=SIZE)
        FigureCanvasAgg(figure)
        top = _header(figure, analysis)
        axes = figure.subplots(
            5,
            1,
            sharex=True,
            gridspec_kw={
                "left": _LEFT,
                "right": _RIGHT,
                "top": top,
                "bottom": 0.055,
                "hspace": 0.13,
                "height_ratios": [1.1, 1.7, 1.4, 1.0, 1.5],
            },
        )
        part = analysis.excerpt
        voiced = _spans(part)
        for axis in (axes[0], axes[3], axes[4]):
            for begin, end in voiced:
                axis.axvspan(begin, end, color=_VOICED, lw=0, zorder=0)
        _waveform(axes[0], part)
        _bar(figure, axes[1], _spectrogram(axes[1], analysis), "dB of full scale")
        _bar(figure, axes[2], _cepstra(axes[2], part), "coefficient")
        _energy(axes[3], part)
        _pitch(axes[4], part)
        axes[0].set_xlim(part.start, max(part.end, part.start + 2 / FRAME_RATE))
        axes[-1].set_xlabel("time / s; frame i is centred at (i + 1)/60 s")
        for axis in axes:
            axis.yaxis.set_label_coords(-0.042, 0.5)
    return figure


def summary(analysis: Analysis) -> list[tuple[str, str]]:
    """The figures of an analysis, named, in words."""
    facts = analysis.facts
    return [
        ("sound", f"{facts.rate:,} Hz, {facts.channels} channel{'s' * (facts.channels > 1)}, {facts.seconds:.2f} s"),
        ("part", f"{analysis.start:.2f} to {analysis.end:.2f} s"),
        ("profile", analysis.profile.name),
        ("frames", f"{analysis.frames}"),
        ("level", f"{_dbfs(facts.level)}, peak {_dbfs(facts.peak)}"),
        ("clipped samples", f"{facts.clipped}" + (f" ({percent(facts.clipped_share)})" if facts.clipped else "")),
        ("voiced", f"{100 * analysis.voiced:.0f} %"),
        ("F0", "none" if analysis.f0 is None else "{:.0f} to {:.0f} Hz, median {:.0f}".format(*_outer(analysis.f0))),
        ("NaN replaced", f"{facts.replaced}"),
    ]


def printable(text: str, width: int = 90) -> str:
    """A file's name without control characters, shortened in the middle."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= width else f"{text[: width // 2 - 1]}…{text[-(width // 2) :]}"


def _outer(f0: tuple[float, float, float]) -> tuple[float, float, float]:
    return f0[0], f0[2], f0[1]


def _dbfs(level: float) -> str:
    return "silence" if level == -math.inf else f"{level:.1f} dBFS"


def _header(figure: Figure, analysis: Analysis) -> float:
    """Title, figures and hints; returns where the panels may begin."""
    lines = [line for hint in hints(analysis) for line in textwrap.wrap("▲ " + hint, 150)]
    facts = dict(summary(analysis))
    part, drawn = analysis.excerpt, ""
    if part.end < analysis.end - 0.5 / part.rate:
        drawn = f"   (drawn: {part.start:.2f} to {part.end:.2f} s)"
    first = f"{facts['sound']}  ·  profile {facts['profile']}  ·  {facts['frames']} frames, {facts['part']}{drawn}"
    second = "  ·  ".join(
        [
            f"level {facts['level']}",
            f"clipped samples {facts['clipped samples']}",
            f"voiced {facts['voiced']}",
            f"F0 {facts['F0']}",
            f"NaN replaced {facts['NaN replaced']}",
        ]
    )
    y, step = 0.972, 0.0195
    figure.text(_LEFT, y, printable(Path(analysis.path).name), fontsize=18, weight="bold", color=_INK, va="center")
    for text in (first, second):
        y -= step + (0.007 if text is first else 0)
        figure.text(_LEFT, y, text, color=_INK, va="center")
    for line in lines or ["nothing unusual"]:
        y -= step
        figure.text(_LEFT, y, line, color=_ALARM if lines else _WELL, weight="bold", va="center")
    return y - 0.022


def _spans(part: Excerpt) -> list[tuple[float, float]]:
    """(begin, end) in s of the runs of voiced frames."""
    voiced = np.concatenate([[False], part.features[:, F0] > 0, [False]])
    edges = np.flatnonzero(voiced[1:] != voiced[:-1])
    half = 0.5 / FRAME_RATE
    return [(part.times[a] - half, part.times[b - 1] + half) for a, b in edges.reshape(-1, 2)]


def _waveform(axis: Axes, part: Excerpt) -> None:
    size = max(1, len(part.samples) // 2800)
    count = -(-len(part.samples) // size)
    padded = np.pad(part.samples, (0, count * size - len(part.samples)), mode="edge").reshape(count, size)
    times = part.start + np.arange(count) * size / part.rate
    if size == 1:
        axis.plot(times, padded[:, 0], color=_WAVE, lw=0.8)
    else:
        axis.fill_between(times, padded.min(axis=1), padded.max(axis=1), color=_WAVE, lw=0.5)
    peak = float(np.abs(part.samples).max(initial=0.0))
    limit = next((x for x in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if peak <= 0.95 * x), max(1.08, 1.05 * peak))
    if limit > 1:
        for y in (-1, 1):
            axis.axhline(y, color=_SOFT, lw=0.8, ls=(0, (4, 4)))
    if part.clipped.any():
        at = np.unique(np.flatnonzero(part.clipped) // size)
        axis.vlines(times[at], limit * 0.93, limit, color=_MARK, lw=1.5)
        axis.vlines(times[at], -limit, -limit * 0.93, color=_MARK, lw=1.5)
        _note(axis, "clipped", _MARK, x=1.006, y=0.9)
    axis.set_ylim(-limit, limit)
    axis.set_ylabel("waveform\nof full scale")
    _note(axis, "voiced", _INK, x=1.006, y=0.5, box=_VOICED)


def _spectrogram(axis: Axes, analysis: Analysis) -> Any:
    """What the profile hears: its window, its band, the mel scale."""
    part, profile = analysis.excerpt, analysis.profile
    highest = profile.mel_high or profile.analysis_rate / 2
    window = np.hamming(round(part.rate / 30))
    seconds = max(part.end - part.start, 2 / FRAME_RATE)
    step = max(1, round(max(seconds / _COLUMNS, 0.002) * part.rate))
    columns = max(1, round(seconds * part.rate / step))
    size = 1 << (len(window) - 1).bit_length()
    padded = np.pad(part.samples, len(window) // 2)
    mel = np.linspace(0.0, _mel(highest), _ROWS)
    bins = 700.0 * np.expm1(mel / 1127.0) * size / part.rate
    image = np.full((_ROWS, columns), np.nan)
    inside = bins <= size // 2
    for column in range(columns):
        piece = padded[column * step : column * step + len(window)]
        piece = np.pad(piece, (0, len(window) - len(piece)))
        magnitude = np.abs(np.fft.rfft((piece - piece.mean()) * window, size)) / (window.sum() / 2)
        level = 20 * np.log10(np.maximum(magnitude, 1e-7))
        image[inside, column] = np.interp(bins[inside], np.arange(len(level)), level)
    top = max(float(np.nanmax(image)), -60.0)
    axis.set_facecolor("#d9dde1")
    picture = axis.imshow(
        image,
        origin="lower",
        aspect="auto",
        cmap="magma",
        vmin=top - _RANGE,
        vmax=top,
        interpolation="nearest",
        extent=(part.start - 0.5 * step / part.rate, part.start + (columns - 0.5) * step / part.rate, 0.0, mel[-1]),
    )
    ticks = [f for f in (250, 500, 1000, 2000, 4000, 7600, 12_000, 22_050) if f <= highest]
    axis.set_yticks([_mel(f) for f in ticks], [f"{f / 1000:g}" for f in ticks])
    axis.set_ylim(0.0, mel[-1])
    axis.set_ylabel("spectrum\nkHz, mel scale")
    if part.rate / 2 < highest:
        axis.text(
            0.5,
            (_mel(part.rate / 2) / mel[-1] + 1) / 2,
            f"not in the file: it has {part.rate:,} Hz",
            transform=axis.transAxes,
            ha="center",
            va="center",
            color=_INK,
        )
    return picture


def _mel(frequency: float) -> float:
    """HTK's scale."""
    return 1127.0 * math.log1p(frequency / 700.0)


def _cepstra(axis: Axes, part: Excerpt) -> Any:
    picture = axis.imshow(
        part.features[:, :CEPSTRA].T,
        origin="lower",
        aspect="auto",
        cmap="RdBu_r",
        vmin=-_CEPSTRUM,
        vmax=_CEPSTRUM,
        interpolation="nearest",
        extent=(part.times[0] - 0.5 / FRAME_RATE, part.times[-1] + 0.5 / FRAME_RATE, 0.5, CEPSTRA + 0.5),
    )
    axis.set_yticks([1, 4, 8, 12], ["c1", "c4", "c8", "c12"])
    axis.set_ylabel("MFCC")
    return picture


def _energy(axis: Axes, part: Excerpt) -> None:
    energy, delta = part.features[:, ENERGY], part.features[:, STATICS + ENERGY]
    axis.plot(part.times, energy, color=_WAVE, lw=1.6)
    low, high = float(energy.min()), float(energy.max())
    room = max(0.08 * (high - low), 0.5)
    axis.set_ylim(low - room, high + room)
    axis.set_ylabel("energy e\nln")
    other = axis.twinx()
    other.spines["right"].set_visible(True)
    other.plot(part.times, delta, color=_DELTA, lw=1.0)
    reach = max(1.0, 1.1 * float(np.abs(delta).max()))
    other.set_ylim(-reach, reach)
    other.axhline(0, color=_DELTA, lw=0.6, ls=(0, (4, 4)))
    other.set_ylabel("Δe", color=_DELTA)
    other.tick_params(axis="y", colors=_DELTA)


def _pitch(axis: Axes, part: Excerpt) -> None:
    pitch = np.where(part.features[:, F0] > 0, part.features[:, F0], np.nan)
    axis.plot(part.times, pitch, color=_MARK, lw=1.4, marker="o", ms=_dot(len(pitch)))
    axis.set_yscale("log")
    axis.set_ylim(55, 550)
    ticks = [60, 80, 100, 150, 200, 300, 400, 500]
    axis.set_yticks(ticks, [str(f) for f in ticks])
    axis.set_yticks([], minor=True)
    axis.grid(axis="y", color="#e3e7ea", lw=0.8)
    axis.set_axisbelow(True)
    axis.set_ylabel("F0\nHz")
    if np.isnan(pitch).all():
        axis.text(0.5, 0.5, "unvoiced throughout", transform=axis.transAxes, ha="center", va="center", color=_SOFT)


def _dot(frames: int) -> float:
    return 3.0 if frames < 600 else 1.5


def _note(axis: Axes, text: str, color: str, *, x: float, y: float, box: str | None = None) -> None:
    frame = {"facecolor": box, "edgecolor": "none", "pad": 3.0} if box else None
    axis.text(x, y, text, transform=axis.transAxes, color=color, va="center", ha="left", bbox=frame)


def _bar(figure: Figure, axis: Axes, picture: Any, label: str) -> None:
    box = axis.get_position()
    bar = figure.colorbar(picture, cax=figure.add_axes((_BAR, box.y0, 0.009, box.height)))
    bar.outline.set_visible(False)
    bar.set_label(label)
