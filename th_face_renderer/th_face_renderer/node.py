"""The node face_renderer: facial codes in, a face on the page, in a window and on image topics out."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

import cv2
from rclpy.publisher import Publisher
from rclpy.service import Service
from std_msgs.msg import Empty
from std_srvs.srv import Trigger
from th_msgs.msg import FacialCode

from th_audio_io.ros_intake import INTAKE_PARAMETERS
from th_common.default_model import find_model
from th_common.node import STOP_TOPIC, TalkingHeadNode
from th_common.spin import spin_nodes
from th_common.thresholds import threshold_parameters
from th_face_renderer import kernel
from th_face_renderer.background import Colour, Image, read_background
from th_face_renderer.decoder import FaceDecoder, load_face
from th_face_renderer.display import CodeDisplay, Display
from th_face_renderer.display.images import ImageTopics
from th_face_renderer.display.window import Window, make_window
from th_face_renderer.display.window_sdl import SdlWindow
from th_face_renderer.face_model import Floats
from th_face_renderer.life import IdleLife
from th_face_renderer.living import LivingFace
from th_face_renderer.node_codes import CodeIntake
from th_face_renderer.node_page import BLACK, FacePage
from th_face_renderer.node_parameters import PARAMETERS, THRESHOLDS
from th_face_renderer.node_readout import Expressing
from th_face_renderer.node_wishes import Wishes
from th_face_renderer.readout import load_readout
from th_face_renderer.show import Show


class FaceRendererNode(TalkingHeadNode):
    """Show the face of the codes, each at its presentation time, wherever somebody looks.

    What comes in is in node_codes and node_wishes, the page in node_page; here they are put together, stopped and told of.
    """

    parameters = PARAMETERS + INTAKE_PARAMETERS + threshold_parameters(THRESHOLDS)
    thresholds = THRESHOLDS

    def __init__(self, **kwargs: Any) -> None:
        self._decoder: FaceDecoder | None = None
        self._living: LivingFace | None = None
        self._codes: CodeIntake | None = None
        self._wishes: Wishes | None = None
        self._stop_service: Service | None = None
        self._stop_call: Publisher | None = None
        self._images: ImageTopics | None = None
        self._expressing: Expressing | None = None
        self._page: FacePage | None = None
        self._displays: list[Display | CodeDisplay] = []
        self._show: Show | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        super().__init__("face_renderer", **kwargs)

    # --- lifecycle ---------------------------------------------------------------------------------------------------

    def configure(self) -> None:
        background = read_background(self.value("background"))
        folder = find_model(self.value("model"))
        decoder = self._decoder = load_face(folder, background=background)
        if decoder.backend != "c":
            self.get_logger().warning(f"faces are drawn with numpy and OpenCV, slower: {kernel.problem()}")
        self._living = LivingFace(decoder.model, expressions=decoder.expressions, life=self._life())
        self._wishes = Wishes(self, self._living)
        self._images = ImageTopics(self, frame_id=self.value("frame_id"), quality=lambda: self.value("jpeg_quality"))
        self._displays = [self._images]
        if self.value("display") == "web":
            self._page = FacePage(self, decoder, self._wishes, background=background, stop=self._stop_all)
            self._displays += self._page.displays
        elif self.value("display") == "window":
            bars = background if isinstance(background, tuple) else BLACK
            lead, monitor = self.value("window_lead"), self.value("window_monitor")
            self._displays.append(make_window(lead=lead, monitor=monitor, background=bars, on_leave=self._leave))
        # The first picture costs most (a size is prepared then); nobody should wait for it.
        decoder.render(decoder.rest_code, self._size, copy=False)
        self._expressing = self._reading_out(folder, decoder)
        self._codes = CodeIntake(self, decoder, self._living.schedule, learn=self._learn, pass_on=self._pass_on)
        self._stop_call = self.create_publisher(Empty, STOP_TOPIC, 10)
        self._stop_service = self.create_service(Trigger, "face/stop", self._serve_stop)
        self.health.set("model", decoder.model_id[:12])
        self.health.set("decoder", decoder.backend)

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
            on_error=lambda error: self.report("display error", error),
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
            self._page.close()
        for part in (self._codes, self._wishes, self._images, self._expressing):
            if part is not None:
                part.destroy()
        if self._stop_service is not None:
            self.destroy_service(self._stop_service)
        if self._stop_call is not None:
            self.destroy_publisher(self._stop_call)
        self._displays = []
        self._show = self._page = self._codes = self._wishes = self._images = None
        self._decoder = self._living = self._stop_service = self._stop_call = self._expressing = None

    def parameter_changed(self, name: str, value: Any) -> None:
        if name.startswith("idle_") and self._living is not None:
            self._living.live(self._life())
        elif name == "background" and self._decoder is not None:
            self._change_background(read_background(value))

    def update_health(self) -> None:
        decoder, living, codes, health = self._decoder, self._living, self._codes, self.health
        if decoder is None or living is None:
            return
        schedule = living.schedule
        health.set("state", "speaking" if schedule.at(self.now()).speaking else "resting")
        health.set("late codes", schedule.late)
        health.set("late codes %", self.trend.percent("late", schedule.late, health.counter("codes")))
        health.set("codes ahead ms", codes.ahead * 1e3 if codes is not None else 0.0)
        health.set("stream restarts", schedule.restarts)
        health.set("predictors in other processes", codes.predictors if codes is not None else 0)
        health.count("refused codes", 0)
        health.set("expressions", ", ".join(decoder.expressions))
        health.set("expression", living.expressions.asked(self.now()))
        if self._show is not None:
            self._show.update_health(health, self.trend)
            health.set("rate Hz", self.value("rate"))
        if self._page is not None:
            self._page.update_health()

    # --- stops -------------------------------------------------------------------------------------------------------

    def _serve_stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = True, f"the face is at rest, {self._stop_all()} codes were dropped"
        return response

    def _stop_all(self) -> int:
        """Everybody stops when face/stop_now arrives; this face does now. How many codes it dropped."""
        if self._stop_call is not None:
            self._stop_call.publish(Empty())
        dropped = len(self._living.schedule) if self._living is not None else 0
        self._rest_now()
        return dropped

    def stopped(self, number: int) -> None:
        self._rest_now()

    def _rest_now(self) -> None:
        if self._living is not None:
            self._living.hush(self.now())
        if self._expressing is not None:
            self._expressing.forget()
        if self._page is not None:
            self._page.hush()
        if self._show is not None:
            self._show.renew()

    def _change_background(self, background: Colour | Image) -> None:
        """While the face is shown: pictures, the page, the window's bars."""
        assert self._decoder is not None
        self._decoder.set_background(background)
        for display in self._displays:
            if isinstance(display, (Window, SdlWindow)):
                display.set_background(background if isinstance(background, tuple) else BLACK)
        if self._page is not None:
            self._page.set_background(background)
        if self._show is not None:
            self._show.renew()

    # --- small things ------------------------------------------------------------------------------------------------

    @property
    def _size(self) -> tuple[int, int]:
        return self.value("height"), self.value("width")

    def _life(self) -> IdleLife | None:
        """What the face does by itself, as the parameters have it."""
        if not self.value("idle_life"):
            return None
        return IdleLife(seed=self.value("idle_seed"), scale=self.value("idle_motion"))

    def _reading_out(self, folder: Path, decoder: FaceDecoder) -> Expressing | None:
        """Who says what the voice expresses; nobody, where the model does not know."""
        read_out = load_readout(folder)
        if read_out is None:
            self.health.set("read-out", "none: the model has no expression.safetensors (th readout)")
            return None
        page = self._page
        if page is None:
            return Expressing(self, decoder.model, read_out)
        tell = partial(page.tell_estimate, worth=read_out.worth)
        return Expressing(self, decoder.model, read_out, readers=lambda: page.readers, tell=tell)

    def _pass_on(self, code: Floats, message: FacialCode) -> None:
        if self._expressing is not None:
            self._expressing.hear(code, message)

    def _learn(self, capture: float, due: float, offset: float) -> None:
        if self._page is not None:
            self._page.sound.learn(capture=capture, present_at=due, offset=offset)

    def _leave(self) -> None:
        self.get_logger().info("the window was left")
        self.context.try_shutdown()


def main() -> int:
    """Run the node until SIGINT or SIGTERM."""
    cv2.setNumThreads(1)
    return spin_nodes(lambda: [FaceRendererNode()])


if __name__ == "__main__":
    raise SystemExit(main())
