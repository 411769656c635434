"""The page of a node: face, sound in step, what the operator may do, and what the page is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from th_audio_io.intake import Chunk
from th_audio_io.ros_intake import RosIntake
from th_common.health import Level
from th_common.node import TalkingHeadNode
from th_face_renderer.background import Colour, Image
from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.display import CodeDisplay, Display
from th_face_renderer.display.browser import Browser, DrawingBrowser
from th_face_renderer.display.jpeg import encode_jpeg
from th_face_renderer.display.page import PageServer
from th_face_renderer.display.page_face import page_face
from th_face_renderer.display.page_token import exposed, read_token
from th_face_renderer.display.page_viewer import Action
from th_face_renderer.node_measuring import Measuring
from th_face_renderer.node_wishes import Wishes
from th_face_renderer.readout import Estimate
from th_face_renderer.sound import SoundInStep

BLACK = (0, 0, 0)
BACKDROP_QUALITY = 95
_TOLD = (
    "state",
    "presentation delay ms",
    "late codes",
    "refused codes",
    "viewers",
    "render ms p50",
    "skew ms p95",
    "expression",
    "rate Hz",
)


class FacePage:
    """Serves the page from now on. `stop` is what the operator's button does.

    Raises:
        TalkingHeadError: the address cannot be served, the sound's parameters make no sense.
    """

    def __init__(
        self,
        node: TalkingHeadNode,
        decoder: FaceDecoder,
        wishes: Wishes,
        *,
        background: Colour | Image,
        stop: Callable[[], object],
    ) -> None:
        self._node = node
        self._around: dict[str, str] = {}  # the background, once it has changed
        self._wanted: deque[Callable[[], object]] = deque(maxlen=64)
        colour, picture = (background, None) if isinstance(background, tuple) else (BLACK, background)
        token = read_token(node.value("token_file"))
        self._server = PageServer(
            host=node.value("host"),
            port=node.value("port"),
            size=(node.value("height"), node.value("width")),
            background="#{2:02x}{1:02x}{0:02x}".format(*colour),
            clock=node.now,
            buffer=node.value("page_buffer"),
            face=page_face(decoder.model, model_id=decoder.model_id),
            backdrop=b"" if picture is None else encode_jpeg(picture, BACKDROP_QUALITY),
            actions=self._actions(decoder, wishes, stop),
            token=token,
        )
        self._wish = node.create_guard_condition(self._grant)
        self._measuring = Measuring(node, self._tell_voice)
        self._intake: RosIntake | None = None
        try:
            url = self._server.start()
            self.sound = SoundInStep(self._server.play)
            self._intake = RosIntake(node, self._take_sound)
        except BaseException:
            self.close()
            raise
        self.displays: list[Display | CodeDisplay] = [
            Browser(self._server, lead=node.value("page_lead"), quality=lambda: node.value("jpeg_quality")),
            DrawingBrowser(self._server, lead=node.value("page_lead")),
        ]
        if exposed(node.value("host")) and not token:
            node.get_logger().warning(
                "the page has no token: whoever reaches this machine sees and hears the face (token_file)"
            )
        node.health.set("page", url)
        node.get_logger().info(f"the face is at {url}")

    def close(self) -> None:
        """Say goodbye to all who look, free the port, hear no more sound."""
        self._server.stop()
        if self._intake is not None:
            self._intake.close()
        self._measuring.destroy()
        self._node.destroy_guard_condition(self._wish)

    def hush(self) -> None:
        """Forget what waits here and in the pages."""
        self.sound.clear()
        self._server.hush()

    def set_background(self, background: Colour | Image) -> None:
        """Another background for all who look."""
        colour, picture = (background, None) if isinstance(background, tuple) else (BLACK, background)
        self._around = {
            "background": "#{2:02x}{1:02x}{0:02x}".format(*colour),
            "backdrop": self._server.set_backdrop(b"" if picture is None else encode_jpeg(picture, BACKDROP_QUALITY)),
        }
        self.update_health()

    def update_health(self) -> None:
        """Write what is known of the sound to the node's diagnostics, and tell the page of these."""
        health = self._node.health
        if self.sound.lag is not None:
            health.set("presentation delay ms", self.sound.lag * 1e3)
        if self._intake is not None:
            self._intake.update_health()
        self._measuring.look()
        snapshot = health.snapshot()
        badge = "" if snapshot.level < Level.ERROR else snapshot.message.split(":", 1)[0]
        self._server.info({"badge": badge, **self._around, **{key: snapshot.values.get(key, "") for key in _TOLD}})

    @property
    def readers(self) -> int:
        """How many operators' pages want to know what the voice expresses."""
        return self._server.readers

    def tell_estimate(self, said: Estimate, worth: tuple[float, float] | None) -> None:
        """Tell them. `worth`: of ReadOut."""
        right, commonest = worth or (None, None)
        odds = float(said.probabilities.max())
        self._server.estimate(
            {
                "mood": said.named,
                "odds": round(odds, 3),
                "speaking": said.speaking,
                "evidence": round(said.evidence, 2),
                "right": right,
                "commonest": commonest,
            }
        )

    def _tell_voice(self, words: str) -> None:
        self._server.note({"group": "voice", "text": words})

    def _take_sound(self, chunk: Chunk) -> None:
        self.sound.push(chunk.samples, rate=chunk.rate, capture=chunk.time, now=self._node.now())

    def _actions(self, decoder: FaceDecoder, wishes: Wishes, stop: Callable[[], object]) -> dict[str, Action]:
        """What the operator's page can do."""

        def express(name: str, intensity: float) -> None:
            if self._node.active:
                wishes.express(name, intensity=intensity if name else 0.0)

        def look(x: float, y: float) -> None:
            if self._node.active:
                wishes.look(x, y)

        actions = {f"expression:{name}": self._action(express, name, numbers=1) for name in decoder.expressions}
        if actions:
            actions["expression:rest"] = self._action(express, "", numbers=1)
        return {
            **actions,
            "voice:measure": self._action(lambda: self._measuring.measure()),
            "voice:without": self._action(lambda: self._measuring.forget()),
            "look": self._action(look, numbers=2),
            "stop": self._action(stop),
        }

    def _action(self, do: Callable[..., object], *arguments: Any, numbers: int = 0) -> Action:
        """Asked for in the page's thread, done in the executor's."""

        def ask(*given: float) -> None:
            self._wanted.append(lambda: do(*arguments, *given))
            self._wish.trigger()

        return Action(ask, numbers)

    def _grant(self) -> None:
        while self._wanted:
            self._wanted.popleft()()
