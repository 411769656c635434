"""The face that is due, alive: what the voice says, what was asked of it, and what a face does by itself.

    codes of the voice --> + listening pose --> + expression asked for --> code
    blinks, gaze, breath --------------------------------------------> layer over it

The voice always wins on lips and jaw: while it is busy the rest of the face alone follows other wishes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from th_common.errors import InputError
from th_face_renderer.expression import Expressions
from th_face_renderer.face_model import CODE_LIMIT, LANDMARKS, FaceModel, Floats
from th_face_renderer.layer import NEUTRAL, Layer
from th_face_renderer.life import Blinks, IdleLife, ease
from th_face_renderer.schedule import CodeSchedule, Pose
from th_face_renderer.voice import Voice

AHEAD = 0.12
"""The face gets ready so long (s) before the voice is heard."""
AFTER, RELAX = 0.3, 0.4
"""After a voice's last opening the face stays with it so long (s), and then takes so long to be at leisure."""
SHARE = 0.75
"""How much of an expression asked for replaces the voice's own, outside lips and jaw, while the voice is busy."""
LOOK_HOLD = 2.0
"""A place to look at counts so long (s) after it was last named."""
LOOK_MOVE = 0.08
LOOK_BACK = 0.25
WIDEST = math.radians(32)
"""Angle to a place to look at, at which the eyes are as far aside as they go."""
_PAUSE = (0.07, 0.2)  # s before and after a moment without an open mouth, for a blink to begin
_LIFT = 0.003  # of the canvas' height that a whole breath lifts the face: 3 px on a screen of 1080
_BROWS, _CORNERS = 0.010, 0.006
"""How much brows and the mouth's corners rise while attending, in distances between the eyes."""


@dataclass(frozen=True)
class _Look:
    gaze: tuple[float, float]
    before: tuple[float, float]
    since: float
    until: float


class LivingFace:
    """Poses of one face from its schedule; safe to use from several threads. All times in s, of one clock.

    `life` may be replaced at any time; None: the face does nothing by itself.
    """

    def __init__(
        self,
        model: FaceModel,
        schedule: CodeSchedule | None = None,
        *,
        expressions: Mapping[str, Floats] | None = None,
        life: IdleLife | None = None,
    ) -> None:
        self.voice = Voice(model)
        self.schedule = schedule or CodeSchedule(model.rest, measure=self.voice.busy)
        self.expressions = Expressions(expressions or {})
        self._attend = _listening(model)
        self._look: _Look | None = None
        self._life: IdleLife | None = None
        self._blinks: Blinks | None = None
        self.live(life)

    def live(self, life: IdleLife | None) -> None:
        """Do this by itself from now on."""
        if life is not None:
            self._blinks = Blinks(life, self.quiet)
        self._life = life

    def at(self, time: float) -> Pose:
        """The pose due at a time."""
        pose = self.schedule.at(time)
        busy, life = self.busy(time), self._life
        asked = self.expressions.over(time)
        code = pose.code
        if life is not None:
            code = code + np.float32((1 - busy) * life.attention(time)) * self._attend
        for target, weight in asked:
            change = target - code
            if busy > 0:
                change = np.float32(1 - busy) * change + np.float32(busy * SHARE) * self.voice.spare(change)
            code = code + np.float32(weight) * change
        if code is not pose.code:
            code = np.clip(code, -CODE_LIMIT, CODE_LIMIT)
        return Pose(code, pose.speaking, self._layer(time, busy))

    def rest(self, time: float) -> Floats:
        """The code of the face that does nothing at all."""
        return self.schedule.rest(time)

    def busy(self, time: float) -> float:
        """How much the voice moves the mouth around a time: 0 in silence, 1 in speech, smooth between them."""
        most = 0.0
        for due, measure in self.schedule.measures(time - AFTER - RELAX, time + AHEAD):
            window = ease((time + AHEAD - due) / AHEAD) * (1 - ease((time - due - AFTER) / RELAX))
            most = max(most, measure * window)
        return most

    def quiet(self, time: float) -> bool:
        """Whether the lips are at rest around a time, as far as codes are known."""
        before, after = _PAUSE
        return all(measure < 0.1 for _, measure in self.schedule.measures(time - before, time + after))

    def look_at(self, gaze: tuple[float, float], *, now: float, hold: float = LOOK_HOLD) -> None:
        """Look somewhere (x, y of Layer) for `hold` s; naming the same place again prolongs it.

        Raises:
            InputError: no numbers.
        """
        if not all(map(math.isfinite, gaze)):
            raise InputError(f"a gaze of {gaze} is nowhere")
        x, y = (min(max(float(part), -1.0), 1.0) for part in gaze)
        look = self._look
        if look is not None and look.gaze == (x, y) and look.until > now:
            self._look = replace(look, until=now + hold)
        else:
            self._look = _Look((x, y), self._gaze(now, self.busy(now)), now, now + hold)

    def look_away(self, now: float) -> None:
        """Look at nothing in particular again."""
        if self._look is not None and self._look.until > now:
            self._look = replace(self._look, until=now)

    def hush(self, now: float) -> None:
        """A stop: nothing is said, shown or looked at any more."""
        self.schedule.clear()
        self.expressions.rest(now)
        self.look_away(now)

    def _layer(self, time: float, busy: float) -> Layer:
        life, blinks, look = self._life, self._blinks, self._look
        if life is None and look is None:
            return NEUTRAL
        lid = lift = 0.0
        if life is not None and blinks is not None:
            lid, lift = blinks.lids(time), _LIFT * life.breath(time)
        x, y = self._gaze(time, busy)
        return Layer(lid, lid, x, y, lift)

    def _gaze(self, time: float, busy: float) -> tuple[float, float]:
        """Who speaks looks at the listener more than about."""
        own = (0.0, 0.0) if self._life is None else self._life.gaze(time)
        x, y = (part * (1 - 0.6 * busy) for part in own)
        look = self._look
        if look is not None:
            there, back = ease((time - look.since) / LOOK_MOVE), ease((time - look.until) / LOOK_BACK)
            gaze = tuple(one + there * (two - one) for one, two in zip(look.before, look.gaze, strict=True))
            x, y = gaze[0] + back * (x - gaze[0]), gaze[1] + back * (y - gaze[1])
        return x, y


def gaze_towards(x: float, y: float, z: float) -> tuple[float, float]:
    """The gaze (x, y of Layer) towards a point seen from the face: m, x to the face's own right, y down, z out of the screen.

    As a camera between the eyes would have it (REP 103, optical frames).

    Raises:
        InputError: the point is not in front of the face.
    """
    if not all(map(math.isfinite, (x, y, z))) or z <= 0:
        raise InputError(f"({x}, {y}, {z}) is not in front of the face (z > 0)")
    across, down = -math.atan2(x, z) / WIDEST, math.atan2(y, z) / WIDEST
    return min(max(across, -1.0), 1.0), min(max(down, -1.0), 1.0)


def _listening(model: FaceModel) -> Floats:
    """The change of code with which the face attends: brows up, the mouth's corners up a little, all else as it is."""
    rest, shape = model.landmarks(model.rest), model.dimensions[0]
    eyes = float(np.linalg.norm(rest[45] - rest[36]))
    wanted = np.zeros((LANDMARKS, 2))
    wanted[17:27, 1] = -_BROWS * eyes
    wanted[[48, 54], 1] = -_CORNERS * eyes
    modes = model.shape_modes[:, :LANDMARKS].reshape(shape, -1).astype(np.float64)
    gram = modes @ modes.T
    ridge = 0.02 * np.trace(gram) / shape * np.eye(shape)
    change = np.linalg.solve(gram + ridge, modes @ wanted.ravel())
    return np.concatenate([np.clip(change, -0.5, 0.5), np.zeros(model.dimensions[1])]).astype(np.float32)
