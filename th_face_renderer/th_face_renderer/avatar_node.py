"""The node avatar_bridge: facial codes in, ARKit's weights, action units and packets for avatar programs out."""

from __future__ import annotations

import threading
import time
from typing import Any

from rclpy.publisher import Publisher
from th_msgs.msg import ActionUnits, Blendshapes, FacialCode

from th_common.default_model import find_model
from th_common.errors import ModelError
from th_common.node import FRAMES_DEPTH, TalkingHeadNode
from th_common.spin import spin_nodes
from th_face_renderer.avatar.action_units import intensities, told
from th_face_renderer.avatar.body import body
from th_face_renderer.avatar.courier import Courier
from th_face_renderer.avatar.link import Link
from th_face_renderer.avatar.vmc import VmcFrames
from th_face_renderer.avatar_parameters import PARAMETERS
from th_face_renderer.blendshapes import BlendshapeMap, load_blendshapes
from th_face_renderer.face_model import FaceModel, Floats, load
from th_face_renderer.life import IdleLife
from th_face_renderer.living import LivingFace
from th_face_renderer.node_codes import CodeIntake
from th_face_renderer.node_wishes import Wishes
from th_face_renderer.schedule import Pose


class _Face:
    """Whose codes are taken."""

    def __init__(self, model: FaceModel, model_id: str) -> None:
        self.model, self.model_id = model, model_id


class AvatarBridgeNode(TalkingHeadNode):
    """Moves faces that are not ours as ours would be moved.

    The topics translate each code as it comes, for whoever subscribes. An avatar program gets the face that is due when it is due,
    alive as the one on the display.
    """

    parameters = PARAMETERS

    def __init__(self, **kwargs: Any) -> None:
        self._map: BlendshapeMap | None = None
        self._living: LivingFace | None = None
        self._codes: CodeIntake | None = None
        self._wishes: Wishes | None = None
        self._blendshapes: Publisher | None = None
        self._units: Publisher | None = None
        self._link: Link | None = None
        self._courier: Courier | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        super().__init__("avatar_bridge", **kwargs)

    # --- lifecycle ---------------------------------------------------------------------------------------------------

    def configure(self) -> None:
        folder = find_model(self.value("model"))
        model, card = load(folder)
        self._map = load_blendshapes(folder)
        if self._map is None:
            raise ModelError(f"{folder} knows nothing of blendshapes, so other faces cannot follow it (docs/export.md)")
        self._told = told(self._map.told).tolist()
        expressions = {name: model.check_code(code) for name, code in card.expressions.items()}
        self._living = LivingFace(model, expressions=expressions, life=self._life())
        self._frames = VmcFrames(self.value("vmc_names"))
        if self.value("vmc"):
            self._link = Link(self.value("vmc"))
            if not self._link.local:
                self.get_logger().warning(
                    f"the face's motion leaves this machine, for all to see, to {self._link.address}"
                )
        self._blendshapes = self.create_publisher(Blendshapes, "face/blendshapes", FRAMES_DEPTH)
        self._units = self.create_publisher(ActionUnits, "face/action_units", FRAMES_DEPTH)
        self._wishes = Wishes(self, self._living)
        self._codes = CodeIntake(self, _Face(model, card.id), self._living.schedule, pass_on=self._pass_on)
        self.health.set("model", card.id[:12])

    def activate(self) -> None:
        assert self._living is not None
        self._living.schedule.clear()
        if self._link is None:
            return
        self._begun_at = time.monotonic()
        self._courier = Courier(
            self._living,
            self._send,
            now=self.now,
            on_error=lambda error: self.report("avatar error", error),
            period=1.0 / self.value("vmc_rate"),
            lead=self.value("vmc_lead"),
        )
        self._stop.clear()
        arguments = (self._stop,)
        self._thread = threading.Thread(
            target=self._courier.run, args=arguments, name=f"{self.get_name()}.courier", daemon=True
        )
        self._thread.start()

    def deactivate(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5.0)
            self._thread = None
            assert self._living is not None
            self._deliver(Pose(self._living.rest(self.now()), speaking=False))
        self._courier = None

    def cleanup(self) -> None:
        for part in (self._codes, self._wishes):
            if part is not None:
                part.destroy()
        for publisher in (self._blendshapes, self._units):
            if publisher is not None:
                self.destroy_publisher(publisher)
        if self._link is not None:
            self._link.close()
        self._map = self._living = self._codes = self._wishes = self._link = None
        self._blendshapes = self._units = None

    def parameter_changed(self, name: str, value: Any) -> None:
        if name.startswith("idle_") and self._living is not None:
            self._living.live(self._life())

    def stopped(self, number: int) -> None:
        if self._living is not None:
            self._living.hush(self.now())

    def update_health(self) -> None:
        living, codes, link, health = self._living, self._codes, self._link, self.health
        if living is None or codes is None:
            return
        schedule = living.schedule
        health.set("state", "speaking" if schedule.at(self.now()).speaking else "resting")
        health.set("late codes", schedule.late)
        health.set("codes ahead ms", codes.ahead * 1e3)
        health.set("predictors in other processes", codes.predictors)
        health.count("codes", 0)
        health.count("refused codes", 0)
        if link is None:
            health.set("avatar", "topics only")
            return
        health.set("avatar", f"{link.address}: {link.problem}" if link.problem else link.address)
        health.set("datagrams", link.sent)
        health.set("datagrams per s", self.trend.per_second("datagrams", link.sent))
        health.set("unheard datagrams", link.unheard)
        if self._courier is not None:
            health.set("missed frames", self._courier.missed)

    # --- a code comes in, in the executor ----------------------------------------------------------------------------------

    def _pass_on(self, code: Floats, message: FacialCode) -> None:
        assert self._map is not None
        assert self._blendshapes is not None
        assert self._units is not None
        wanted = self._blendshapes.get_subscription_count(), self._units.get_subscription_count()
        if not any(wanted):
            return
        weights = self._map.weights(code)
        if wanted[0]:
            self._blendshapes.publish(_of(Blendshapes(weight=weights), message))
        if wanted[1]:
            self._units.publish(_of(ActionUnits(intensity=intensities(weights), told=self._told), message))

    # --- a frame is due, in the courier's thread ---------------------------------------------------------------------------

    def _send(self, pose: Pose, due: float) -> None:
        self._deliver(pose)
        if pose.speaking:
            self.stages.add("avatar", self.now() - due)

    def _deliver(self, pose: Pose) -> None:
        assert self._map is not None
        assert self._link is not None
        self._link.send(self._frames.of(body(pose, self._map), time.monotonic() - self._begun_at))

    def _life(self) -> IdleLife | None:
        if not self.value("idle_life"):
            return None
        return IdleLife(seed=self.value("idle_seed"), scale=self.value("idle_motion"))


def _of(made: Any, code: FacialCode) -> Any:
    """A message with the times and the origin of the code that it was made of."""
    made.header, made.present_at = code.header, code.present_at
    made.frame, made.after_stop, made.face_model = code.frame, code.after_stop, code.face_model
    return made


def main() -> int:
    """Run the node until SIGINT or SIGTERM."""
    return spin_nodes(lambda: [AvatarBridgeNode()])


if __name__ == "__main__":
    raise SystemExit(main())
