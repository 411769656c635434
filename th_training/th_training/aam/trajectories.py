"""Code trajectories as a picture: one line a parameter, in standard deviations over time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from th_common.errors import InputError
from th_face_renderer.face_model import CODE_LIMIT


def plot_codes(
    path: Path, codes: np.ndarray, fps: float, *, shape: int, title: str, psnr: np.ndarray | None = None
) -> None:
    """Draw codes (T, S + A) of a clip at `fps` as PNG, and below them the PSNR (T,) of each frame, dB.

    Raises InputError where the picture cannot be written.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    seconds = (np.arange(len(codes)) + 0.5) / fps
    names = [f"p{k + 1}" if k < shape else f"λ{k - shape + 1}" for k in range(codes.shape[1])]
    rows = max(shape, codes.shape[1] - shape)
    figure, axes = plt.subplots(
        rows + (psnr is not None), 2, figsize=(13, 1.05 * rows + 1.6), sharex=True, squeeze=False, layout="constrained"
    )
    for axis in axes.ravel():
        axis.set_visible(False)
    for k, name in enumerate(names):
        axis = axes[k if k < shape else k - shape, 0 if k < shape else 1]
        axis.set_visible(True)
        axis.axhline(0, color="0.75", linewidth=0.6)
        for limit in (-2, 2):
            axis.axhline(limit, color="0.85", linewidth=0.6, linestyle=":")
        axis.plot(seconds, codes[:, k], linewidth=1, color="tab:blue" if k < shape else "tab:red")
        axis.set_ylabel(name, rotation=0, ha="right", va="center")
        axis.set_ylim(-CODE_LIMIT, CODE_LIMIT)
    if psnr is not None:
        for axis in axes[-1]:
            axis.set_visible(True)
            axis.plot(seconds, psnr, linewidth=1, color="0.2")
            axis.set_ylabel("dB", rotation=0, ha="right", va="center")
    for axis in axes[-1]:
        axis.set_xlabel("s")
    figure.suptitle(f"{title}: shape (left), appearance (right), in standard deviations")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise InputError(f"cannot write the picture {path} ({error})") from error
    finally:
        plt.close(figure)
