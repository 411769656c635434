"""The node face_renderer: facial codes in, a face on the page, in a window and on image topics out."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from geometry_msgs.msg import PointStamped
from rclpy.event_handler import QoSLivelinessChangedInfo, SubscriptionEventCallbacks
from rclpy.guard_condition import GuardCondition
from rclpy.publisher import Publisher
from rclpy.service import Service
from rclpy.subscription import Subscription
from std_msgs.msg import Empty
from std_srvs.srv import Trigger
from th_msgs.msg import Expression, FacialCode

from th_audio_io.intake import Chunk
from th_audio_io.ros_intake import INTAKE_PARAMETERS, RosIntake
from th_common.alive import ALIVE, ALIVE_TOPIC
from th_common.default_model import MODEL_PARAMETER, find_model
from th_common.errors import InputError
from th_common.health import Level
from th_common.node import FRAMES_DEPTH, STOP_TOPIC, TalkingHeadNode
from th_common.parameters import Parameter
from th_common.spin import spin_nodes
from th_common.stamps import to_seconds
from th_face_renderer import kernel
from th_face_renderer.background import Colour, Image, read_background
from th_face_renderer.decoder import FaceDecoder, load_face
from th_face_renderer.display import CodeDisplay, Display
from th_face_renderer.display.browser import Browser, DrawingBrowser
from th_face_renderer.display.images import ImageTopics
from th_face_renderer.display.jpeg import encode_jpeg
from th_face_renderer.display.page import PageServer
from th_face_renderer.display.page_face import page_face
from th_face_renderer.display.page_token import exposed, read_token
from th_face_renderer.display.page_viewer import Action
from th_face_renderer.display.window import make_window
from th_face_renderer.life import IdleLife
from th_face_renderer.living import LivingFace, gaze_towards
from th_face_renderer.schedule import CodeSchedule
from th_face_renderer.show import Show
from th_face_renderer.sound import SoundInStep

PARAMETERS = (
    MODEL_PARAMETER,
    Parameter(
        name="display",
        default="web",
        description="where the face is shown, read at configure; image topics work with every choice",
        choices=("web", "window", "none"),
    ),
    Parameter(
        name="height",
        default=512,
        description="height of the picture",
        unit="px",
        minimum=16,
        maximum=4096,
        read_only=True,
    ),
    Parameter(
        name="width",
        default=512,
        description="width of the picture",
        unit="px",
        minimum=16,
        maximum=4096,
        read_only=True,
    ),
    Parameter(
        name="rate",
        default=60.0,
        description="pictures per second",
        unit="Hz",
        minimum=1.0,
        maximum=240.0,
        read_only=True,
    ),
    Parameter(
        name="background",
        default="#000000",
        description="what is around a portrait that does not fill the picture: a colour as #rrggbb, or the path of a picture",
        read_only=True,
    ),
    Parameter(
        name="jpeg_quality",
        default=85,
        description="quality of the pictures for pages that do not draw the face themselves, and of face/image/compressed",
        minimum=1,
        maximum=100,
    ),
    Parameter(
        name="idle_life",
        default=True,
        description="whether the face blinks, looks about, breathes and attends by itself; speech always wins on lips and jaw",
    ),
    Parameter(
        name="idle_seed",
        default=0,
        description="of all that is random in it: the same seed does the same at the same time",
        minimum=0,
        maximum=2**31 - 1,
    ),
    Parameter(
        name="idle_motion",
        default=1.0,
        description="how much gaze, breath and attention move; blinks stay as they are",
        minimum=0.0,
        maximum=1.0,
    ),
    Parameter(
        name="look_at_frame",
        default="",
        description="the frame that points on face/look_at must be in: x to the face's own right, y down, z out of the screen; "
        "empty: whatever they say, they are",
    ),
    Parameter(name="frame_id", default="", description="header.frame_id of the image topics", read_only=True),
    Parameter(
        name="host",
        default="127.0.0.1",
        description="address that the page is served at; 0.0.0.0 lets other machines see and hear it",
        read_only=True,
    ),
    Parameter(
        name="port",
        default=8765,
        description="port of the page; 0: any free one",
        minimum=0,
        maximum=65535,
        read_only=True,
    ),
    Parameter(
        name="token_file",
        default="",
        description="file with the token that browsers must show to see, hear and operate the page (chmod 600); empty: none",
        read_only=True,
    ),
    Parameter(
        name="page_lead",
        default=0.03,
        description="how long before its time a code or a picture is sent to the page",
        unit="s",
        minimum=0.0,
        maximum=1.0,
        read_only=True,
    ),
    Parameter(
        name="page_buffer",
        default=0.1,
        description="what the page adds to every presentation time, to wait for the network",
        unit="s",
        minimum=0.0,
        maximum=2.0,
        read_only=True,
    ),
    Parameter(
        name="window_lead",
        default=0.0,
        description="time from handing a picture to the window until it is seen",
        unit="s",
        minimum=0.0,
        maximum=1.0,
        read_only=True,
    ),
    Parameter(
        name="window_monitor",
        default=0,
        description="monitor that the window fills",
        minimum=0,
        maximum=15,
        read_only=True,
    ),
)

BLACK = (0, 0, 0)
BACKDROP_QUALITY = 95


class FaceRendererNode(TalkingHeadNode):
    """Show the face of the codes, each at its presentation time, wherever somebody looks.

    Codes of another face, of another length, with NaN, or with a presentation time that is absurd are refused by name.
    """

    parameters = PARAMETERS + INTAKE_PARAMETERS

    def __init__(self, **kwargs: Any) -> None:
        self._decoder: FaceDecoder | None = None
        self._schedule: CodeSchedule | None = None
        self._living: LivingFace | None = None
        self._codes: Subscription | None = None
        self._alive: Subscription | None = None
        self._wishes: list[Subscription] = []
        self._predictors = 0
        self._stop_service: Service | None = None
        self._stop_call: Publisher | None = None
        self._page_wish: GuardCondition | None = None
        self._page_wishes: deque[Callable[[], object]] = deque(maxlen=64)
        self._images: ImageTopics | None = None
        self._page: PageServer | None = None
        self._sound: SoundInStep | None = None
        self._intake: RosIntake | None = None
        self._displays: list[Display | CodeDisplay] = []
        self._show: Show | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._ahead = 0.0
        super().__init__("face_renderer", **kwargs)

    # --- lifecycle ---------------------------------------------------------------------------------------------------

    def configure(self) -> None:
        background = read_background(self.value("background"))
        bars = background if isinstance(background, tuple) else BLACK
        self._decoder = load_face(find_model(self.value("model")), background=background)
        if self._decoder.backend != "c":
            self.get_logger().warning(f"faces are drawn with numpy and OpenCV, slower: {kernel.problem()}")
        self._living = LivingFace(self._decoder.model, expressions=self._decoder.expressions, life=self._life())
        self._schedule = self._living.schedule
        self._images = ImageTopics(self, frame_id=self.value("frame_id"), quality=self._quality)
        self._displays = [self._images]
        if self.value("display") == "web":
            self._open_page(self._decoder, background)
        elif self.value("display") == "window":
            lead, monitor = self.value("window_lead"), self.value("window_monitor")
            self._displays.append(make_window(lead=lead, monitor=monitor, background=bars, on_leave=self._leave))
        # The first picture costs most (a size is prepared then); nobody should wait for it.
        self._decoder.render(self._decoder.rest_code, self._size, copy=False)
        self._codes = self.create_subscription(FacialCode, "face/code", self._take_code, FRAMES_DEPTH)
        watch = SubscriptionEventCallbacks(liveliness=self._follow_predictor, use_default_callbacks=False)
        self._predictors = 0
        self._alive = self.create_subscription(Empty, ALIVE_TOPIC, lambda _: None, ALIVE, event_callbacks=watch)
        self._wishes = [
            self.create_subscription(Expression, "face/expression", self._take_expression, 10),
            self.create_subscription(PointStamped, "face/look_at", self._take_look, 10),
        ]
        self._stop_call = self.create_publisher(Empty, STOP_TOPIC, 10)
        self._stop_service = self.create_service(Trigger, "face/stop", self._serve_stop)
        self.health.set("model", self._decoder.model_id[:12])
        self.health.set("decoder", self._decoder.backend)

    def activate(self) -> None:
        assert self._decoder is not None
        assert self._living is not None
        self._living.schedule.clear()
        self._show = Show(
            self._decoder,
            self._living,
            self._displays,
            size=self._size,
            now=self.now,
            on_error=self._display_error,
            stages=self.stages,
        )
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._show.run, args=(self.value("rate"), self._stop), name=f"{self.get_name()}.show", daemon=True
        )
        self._thread.start()

    def deactivate(self) -> None:
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5.0)
        self._thread = None

    def cleanup(self) -> None:
        if self._page is not None:
            self._page.stop()
        if self._intake is not None:
            self._intake.close()
        for subscription in (self._codes, self._alive, *self._wishes):
            if subscription is not None:
                self.destroy_subscription(subscription)
        if self._stop_service is not None:
            self.destroy_service(self._stop_service)
        if self._stop_call is not None:
            self.destroy_publisher(self._stop_call)
        if self._page_wish is not None:
            self.destroy_guard_condition(self._page_wish)
        if self._images is not None:
            self._images.destroy()
        self._displays, self._wishes = [], []
        self._show = self._intake = self._sound = self._page = self._codes = self._images = None
        self._living = None
        self._schedule = self._decoder = self._alive = self._stop_service = self._stop_call = self._page_wish = None

    def parameter_changed(self, name: str, value: Any) -> None:
        if name.startswith("idle_") and self._living is not None:
            self._living.live(self._life())

    def update_health(self) -> None:
        show, schedule, health = self._show, self._schedule, self.health
        if schedule is None:
            return
        health.set("state", "speaking" if schedule.at(self.now()).speaking else "resting")
        health.set("late codes", schedule.late)
        health.set("codes ahead ms", self._ahead * 1e3)
        health.set("stream restarts", schedule.restarts)
        health.set("predictors in other processes", self._predictors)
        health.count("refused codes", 0)
        health.set("expressions", ", ".join(self._decoder.expressions) if self._decoder is not None else "")
        if self._living is not None:
            health.set("expression", self._living.expressions.asked(self.now()))
        if self._sound is not None and self._sound.lag is not None:
            health.set("presentation delay ms", self._sound.lag * 1e3)
        if show is not None:
            (cost, cost95), (skew, skew95) = show.costs(), show.skews()
            health.set("viewers", show.viewers)
            health.set("pictures", show.drawn)
            health.set("missed ticks", show.missed)
            health.set("late pictures", show.late)
            health.set("pace", show.ladder.name)
            health.set("times too slow", show.ladder.falls)
            if show.ladder.rung:
                health.raise_fault("machine too slow", f"at {show.ladder.name}: pictures were drawn too late")
            else:
                health.clear_fault("machine too slow")
            health.set("render ms p50", cost * 1e3)
            health.set("render ms p95", cost95 * 1e3)
            health.set("skew ms p50", skew * 1e3)
            health.set("skew ms p95", skew95 * 1e3)
            health.set("rate Hz", self.value("rate"))
        if self._intake is not None:
            self._intake.update_health()
        if self._page is not None:
            self._tell_page()

    # --- codes, in the executor's thread -----------------------------------------------------------------------------

    def _take_code(self, message: FacialCode) -> None:
        decoder, schedule = self._decoder, self._schedule
        if not self.active or decoder is None or schedule is None or not self.admits(message.after_stop):
            return
        if message.face_model != decoder.model_id:
            self._refuse(
                "another face",
                f"codes are for face {message.face_model[:12]!r}, this is {decoder.model_id[:12]!r}: "
                "give predictor and renderer the same model",
            )
            return
        if (len(message.shape), len(message.appearance)) != decoder.model.dimensions:
            want = "{} + {}".format(*decoder.model.dimensions)
            self._refuse("bad code", f"{len(message.shape)} + {len(message.appearance)} parameters, expected {want}")
            return
        try:
            code = decoder.model.check_code(np.array([*message.shape, *message.appearance], np.float32))
        except InputError as error:
            self._refuse("bad code", error)
            return
        now, due, early = self.now(), to_seconds(message.present_at), schedule.early
        if message.timing.predicted:
            self.stages.add("transport", now - message.timing.predicted)
        if schedule.push(code, due=due, frame=message.frame, now=now):
            self._ahead += 0.05 * (due - now - self._ahead)
            self.stages.add("queue", due - now)
        elif schedule.early > early:
            self._refuse("bad code", f"due in {due - now:.1f} s: predictor and renderer disagree about the time")
            return
        else:
            self.report("codes late", f"a code came {now - due:.3f} s after it was due", level=Level.WARN, hold=5.0)
        if self._sound is not None:
            capture = to_seconds(message.header.stamp)
            offset = message.timing.captured - capture if message.timing.captured else 0.0
            self._sound.learn(capture=capture, present_at=due, offset=offset)

    def _refuse(self, fault: str, problem: object) -> None:
        self.health.count("refused codes")
        self.report(fault, problem)

    # --- what others ask for -------------------------------------------------------------------------------------------

    def _take_expression(self, message: Expression) -> None:
        if self.active:
            self._express(message.expression, message.valence, message.arousal, message.intensity, message.duration)

    def _express(
        self, name: str, valence: float = 0.0, arousal: float = 0.0, intensity: float = 1.0, duration: float = 0.0
    ) -> None:
        if self._living is None:
            return
        expressions, now = self._living.expressions, self.now()
        try:
            if intensity == 0:
                expressions.rest(now)
            elif name:
                expressions.ask(name, intensity=intensity, duration=duration, now=now)
            else:
                expressions.feel(valence, arousal, intensity=intensity, duration=duration, now=now)
        except InputError as error:
            self.report("bad expression", error)

    def _take_look(self, message: PointStamped) -> None:
        if not self.active or self._living is None:
            return
        wanted, frame, point = self.value("look_at_frame"), message.header.frame_id, message.point
        if wanted and frame != wanted:
            self.report("bad look_at", f"the point is in frame {frame[:40]!r}, not in {wanted!r} (look_at_frame)")
            return
        try:
            self._living.look_at(gaze_towards(point.x, point.y, point.z), now=self.now())
        except InputError as error:
            self.report("bad look_at", error)

    # --- stops, and a predictor that dies ----------------------------------------------------------------------------

    def _serve_stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = True, f"the face is at rest, {self._stop_all()} codes were dropped"
        return response

    def _stop_all(self) -> int:
        """Everybody stops when face/stop_now arrives; this face does now. How many codes it dropped."""
        if self._stop_call is not None:
            self._stop_call.publish(Empty())
        dropped = len(self._schedule) if self._schedule is not None else 0
        self._rest_now()
        return dropped

    def stopped(self, number: int) -> None:
        self._rest_now()

    def _rest_now(self) -> None:
        if self._living is not None:
            self._living.schedule.clear()
            self._living.expressions.rest(self.now())
            self._living.look_away(self.now())
        if self._sound is not None:
            self._sound.clear()
        if self._page is not None:
            self._page.hush()
        if self._show is not None:
            self._show.renew()

    def _follow_predictor(self, change: QoSLivelinessChangedInfo) -> None:
        gone = self._predictors > 0 and change.alive_count == 0
        self._predictors = change.alive_count
        if gone and self._schedule is not None:
            self._schedule.lose(self.now())
            self.health.count("predictors lost")
            self.health.raise_fault("predictor lost", "face_predictor is gone: the face is at rest until it is back")
        elif self._predictors:
            self.health.clear_fault("predictor lost")

    # --- the page ----------------------------------------------------------------------------------------------------

    def _open_page(self, decoder: FaceDecoder, background: Colour | Image) -> None:
        bars = background if isinstance(background, tuple) else BLACK
        token = read_token(self.value("token_file"))
        self._page_wish = self.create_guard_condition(self._grant)
        self._page_wishes.clear()
        page = PageServer(
            host=self.value("host"),
            port=self.value("port"),
            size=self._size,
            background="#{2:02x}{1:02x}{0:02x}".format(*bars),
            clock=self.now,
            buffer=self.value("page_buffer"),
            face=page_face(decoder.model, model_id=decoder.model_id),
            backdrop=b"" if isinstance(background, tuple) else encode_jpeg(background, BACKDROP_QUALITY),
            actions=self._page_actions(decoder),
            token=token,
        )
        url = page.start()
        if exposed(self.value("host")) and not token:
            self.get_logger().warning(
                "the page has no token: whoever reaches this machine sees and hears the face (token_file)"
            )
        self._page = page
        self._sound = SoundInStep(page.play)
        self._intake = RosIntake(self, self._take_sound)
        self._displays.append(Browser(page, lead=self.value("page_lead"), quality=self._quality))
        self._displays.append(DrawingBrowser(page, lead=self.value("page_lead")))
        self.health.set("page", url)
        self.get_logger().info(f"the face is at {url}")

    def _page_actions(self, decoder: FaceDecoder) -> dict[str, Action]:
        """What the operator's page can do."""
        actions = {
            f"expression:{name}": self._wish(self._show_expression, name, numbers=1) for name in decoder.expressions
        }
        if actions:
            actions["expression:rest"] = self._wish(self._show_expression, "", numbers=1)
        return {**actions, "look": self._wish(self._look, numbers=2), "stop": self._wish(self._stop_all)}

    def _wish(self, do: Callable[..., object], *arguments: Any, numbers: int = 0) -> Action:
        """Asked for in the page's thread, done in the executor's."""

        def ask(*numbers: float) -> None:
            wish = self._page_wish
            if wish is not None:
                self._page_wishes.append(lambda: do(*arguments, *numbers))
                wish.trigger()

        return Action(ask, numbers)

    def _grant(self) -> None:
        while self._page_wishes:
            self._page_wishes.popleft()()

    def _show_expression(self, name: str, intensity: float) -> None:
        if self.active:
            self._express(name, intensity=intensity if name else 0.0)

    def _look(self, x: float, y: float) -> None:
        if self.active and self._living is not None:
            self._living.look_at((x, y), now=self.now())

    def _take_sound(self, chunk: Chunk) -> None:
        if self._sound is not None:
            self._sound.push(chunk.samples, rate=chunk.rate, capture=chunk.time, now=self.now())

    def _tell_page(self) -> None:
        assert self._page is not None
        snapshot = self.health.snapshot()
        told = (
            "state",
            "presentation delay ms",
            "late codes",
            "refused codes",
            "viewers",
            "render ms p50",
            "skew ms p95",
            "expression",
        )
        badge = "" if snapshot.level < Level.ERROR else snapshot.message.split(":", 1)[0]
        self._page.info({"badge": badge, **{key: snapshot.values.get(key, "") for key in (*told, "rate Hz")}})

    # --- small things ------------------------------------------------------------------------------------------------

    @property
    def _size(self) -> tuple[int, int]:
        return self.value("height"), self.value("width")

    def _life(self) -> IdleLife | None:
        """What the face does by itself, as the parameters have it."""
        if not self.value("idle_life"):
            return None
        return IdleLife(seed=self.value("idle_seed"), scale=self.value("idle_motion"))

    def _quality(self) -> int:
        return self.value("jpeg_quality")

    def _display_error(self, error: Exception) -> None:
        self.report("display error", error)

    def _leave(self) -> None:
        self.get_logger().info("the window was left")
        self.context.try_shutdown()


def main() -> int:
    """Run the node until SIGINT or SIGTERM."""
    cv2.setNumThreads(1)
    return spin_nodes(lambda: [FaceRendererNode()])


if __name__ == "__main__":
    raise SystemExit(main())
