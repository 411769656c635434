"""The opening of a face's lips as a linear function of its code: what training has to know of a face."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from th_training.landmarks.measures import LOWER_INNER_LIP, UPPER_INNER_LIP, inter_ocular

if TYPE_CHECKING:
    from th_face_renderer.face_model import FaceModel


def opening_by_code(face: FaceModel) -> tuple[float, ...]:
    """Opening (`landmarks.measures.lip_opening`) per unit of each code dimension, and last at code zero, in inter-ocular distances.

    Exact up to the turn and growth of the eyes' line, a thousandth on the actor's codes; negative where the measure is 0.
    """
    tensors = face.to_tensors()
    mean, modes = tensors["shape.mean"].astype(float), tensors["shape.modes"].astype(float)
    shapes = np.concatenate((modes, mean[None]))[..., 1]
    gaps = shapes[:, LOWER_INNER_LIP].mean(1) - shapes[:, UPPER_INNER_LIP].mean(1)
    appearance = np.zeros(face.dimensions[1])
    values = np.concatenate((gaps[:-1], appearance, gaps[-1:])) / float(inter_ocular(mean[:68]))
    return tuple(round(float(value), 6) for value in values)
