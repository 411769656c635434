"""Where the drawn character has what: px of a portrait of 512 px, y down, symmetric about x = MIDDLE.

The head's edge is far enough from all that moves that the mesh of a face model holds it still (th_training.aam.support): above, it
lies beyond the mesh's ring; at the sides, the jaw's landmarks stand on it, up to the temples.
"""

from __future__ import annotations

CANVAS, MIDDLE = 512.0, 256.0

HEAD_X, HEAD_Y, HEAD_TOP, HEAD_CHIN = 148.0, 240.0, 186.0, 164.0  # half width, centre, heights over and below it
SQUARE = 2.7  # exponent of the head's outline: 2 is an ellipse
PLATE = 0.90  # of the head's size: the face that is set into it, whose edge is the jaw line
TEMPLE = 0.5  # rad above the ears: where the jaw line begins

EYE_X, EYE_Y, EYE_WIDTH = 64.0, 242.0, 46.0  # half the distance of the eyes, half the width of one
EYE_UPPER, EYE_LOWER, IRIS = 42.0, 33.0, 23.0
BROW = 64.0  # the brow's lower edge above the eye's middle
BROW_HEIGHT = (8.0, 12.0, 14.0, 14.0, 12.0)  # how thick it is at rest, from outside to inside
CHEEK = (88.0, 308.0)  # from the middle, y

MOUTH_Y, MOUTH_WIDTH, LIP = 340.0, 50.0, 9.0
JAW = 74.0  # px that the lower lip goes down for jawOpen 1
CHIN = 0.42  # of that, for the chin
