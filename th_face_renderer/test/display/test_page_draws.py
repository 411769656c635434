"""The page draws codes itself: as FaceDecoder does, in time, with the face that the server has, or else pictures."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from th_common.default_model import default_model_folder
from th_face_renderer import load_face
from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.display.page import PageServer
from th_face_renderer.display.page_face import PageFace, page_face
from th_face_renderer.display.page_protocol import Look
from th_face_renderer.face_model import LANDMARKS
from th_face_renderer.layer import Layer
from th_face_renderer.plain import psnr
from th_face_renderer.testing import synthetic_model
from th_face_renderer.testing_browser import Chromium, Page

Serve = Callable[..., PageServer]

SIDE = 128
FACE = FaceDecoder(synthetic_model(side=SIDE, seed=1), model_id="one")


def alone() -> FaceDecoder:
    """A face without a portrait around it: its outline moves, and what is behind it is seen."""
    model = FACE.model
    triangles = model.triangles[(model.triangles < LANDMARKS).all(axis=1)]
    modes = model.shape_modes.copy()
    modes[0, :17] *= 2  # the jaw
    return FaceDecoder(replace(model, triangles=triangles, shape_modes=modes), model_id="alone")


OTHER = FaceDecoder(synthetic_model(side=SIDE, seed=2), model_id="two")

# The page's own modules on a canvas of the test's.
RIG = """(async () => {
  const { readModel } = await import("/model.js");
  const { Painter, context } = await import("/painter.js");
  const model = readModel(await (await fetch(document.querySelector("meta[name=face-file]").content)).arrayBuffer());
  const canvas = document.createElement("canvas"), gl = context(canvas), painter = new Painter(gl, model);
  window.draw = (code, width, height) => {
    Object.assign(canvas, { width, height });
    painter.paint(Float32Array.from(code));
    const out = new Uint8Array(4 * width * height);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, out);
    let text = "";
    for (let i = 0; i < out.length; i += 32768) text += String.fromCharCode(...out.subarray(i, i + 32768));
    return [gl.getError(), btoa(text)];
  };
})()"""


def asset(decoder: FaceDecoder) -> PageFace:
    return page_face(decoder.model, model_id=decoder.model_id)


def code_of(**parameters: float) -> NDArray[np.float32]:
    """code_of(s0=2.0, a3=-1.0): two shape and appearance parameters, the others 0."""
    code = np.zeros(16, np.float32)
    for name, value in parameters.items():
        code[int(name[1:]) + (8 if name[0] == "a" else 0)] = value
    return code


OPEN, CLOSED, SMILE = code_of(s0=2.5), code_of(s0=-2.5), code_of(s1=2.5, a0=1.5)


def drawn(page: Page, code: NDArray[Any], size: tuple[int, int]) -> NDArray[np.uint8]:
    """What the painter draws, over black."""
    error, text = page.evaluate(f"draw({code.tolist()}, {size[1]}, {size[0]})")
    assert error == 0
    pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(*size, 4)
    return pixels[::-1, :, 2::-1]


@pytest.fixture(scope="module", params=["synthetic", "alone", "default"])
def rig(request: pytest.FixtureRequest, browser: Chromium) -> Iterator[tuple[FaceDecoder, Page]]:
    decoder = {"synthetic": lambda: FACE, "alone": alone, "default": lambda: load_face(default_model_folder())}[
        request.param
    ]()
    server = PageServer(port=0, face=asset(decoder))
    page = browser.open(server.start() + "?face=pictures")
    page.wait("window.thFace")
    page.evaluate(RIG)
    yield decoder, page
    page.close()
    server.stop()


LAYERS = {
    "half shut": Layer(lid_right=0.5, lid_left=0.5),
    "a wink": Layer(lid_left=1.0),
    "shut": Layer(1.0, 1.0, 0.3, 0.2, 0.0),
    "aside and up": Layer(gaze_x=1.0, gaze_y=-0.7),
    "down": Layer(gaze_x=-0.4, gaze_y=1.0, lid_right=0.2, lift=0.01),
    "breath": Layer(lift=0.02),
}


@pytest.mark.parametrize("layer", list(LAYERS.values()), ids=list(LAYERS))
@pytest.mark.parametrize("size", [(512, 512), (844, 390)], ids=str)
def test_lids_and_gaze_agree_with_the_decoder(
    rig: tuple[FaceDecoder, Page], size: tuple[int, int], layer: Layer
) -> None:
    decoder, page = rig
    for code in (decoder.rest_code, OPEN):
        want, plain_face = decoder.render(code, size, layer=layer), decoder.render(code, size)
        found = drawn(page, np.concatenate([code, layer]), size)
        assert psnr(found, want) > 45
        y, x = np.nonzero((want != plain_face).any(axis=2))
        part = slice(y.min(), y.max() + 1), slice(x.min(), x.max() + 1)
        print(size, f"{psnr(found[part], want[part]):.1f} dB around the eyes")
        assert psnr(found[part], want[part]) > 40
        assert psnr(found[part], plain_face[part]) < psnr(found[part], want[part]) - 3


@pytest.mark.parametrize("size", [(512, 512), (1080, 1920), (844, 390), (90, 61)], ids=str)
def test_pixels_agree_with_the_decoder(rig: tuple[FaceDecoder, Page], size: tuple[int, int]) -> None:
    decoder, page = rig
    wild = np.random.default_rng(3).uniform(-4, 4, 16)  # triangles fold over
    found = [
        psnr(drawn(page, code, size), decoder.render(code, size))
        for code in (decoder.rest_code, OPEN, CLOSED, SMILE, wild)
    ]
    print(size, "dB:", np.round(found, 1))
    assert min(found) > 45


def test_the_closed_mouth_itself_agrees(rig: tuple[FaceDecoder, Page]) -> None:
    decoder, page = rig
    for code in (decoder.rest_code, CLOSED, OPEN):
        lips = decoder.landmarks(code)[48:] * 512 / decoder.canvas[0]
        (left, top), (right, bottom) = lips.min(axis=0).astype(int), lips.max(axis=0).astype(int)
        part = slice(top - 4, bottom + 4), slice(left - 4, right + 4)
        assert psnr(drawn(page, code, (512, 512))[part], decoder.render(code, (512, 512))[part]) > 40


def test_codes_beyond_the_limit_are_clamped_as_the_decoder_clamps(rig: tuple[FaceDecoder, Page]) -> None:
    decoder, page = rig
    code = np.full(16, 30.0)
    assert psnr(drawn(page, code, (256, 256)), decoder.render(code, (256, 256))) > 40


@contextmanager
def talking(server: PageServer, poses: Callable[[float], NDArray[Any]], *, lead: float = 0.05) -> Iterator[None]:
    """60 codes a second, `lead` s before they are due."""
    stopping = threading.Event()

    def run() -> None:
        frame, began = 0, time.time()
        while not stopping.wait(max(0.0, began + frame / 60 - lead - time.time())):
            server.show_code(poses(frame / 60), began + frame / 60)
            frame += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def nod(at: float) -> NDArray[np.float32]:
    return OPEN * np.float32(0.5 + 0.5 * np.sin(6.0 * at))


def still(page: Page) -> NDArray[np.uint8]:
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.screenshot()


def wait_for_picture(page: Page, want: NDArray[np.uint8], least: float = 40.0) -> None:
    """Until the screen shows it, to so many dB."""
    end, found = time.monotonic() + 10, 0.0
    while found < least:
        screen = still(page)
        found = psnr(screen, want) if screen.shape == want.shape else 0.0
        assert time.monotonic() < end, f"{found:.1f} dB"


def test_a_late_joiner_sees_the_face_as_the_decoder_draws_it(serve: Serve, browser: Chromium) -> None:
    server = serve(face=asset(FACE), background="#203040")
    server.show_code(SMILE, 1000.0)  # long ago
    page = browser.open(server.url + "?kiosk", width=390, height=844, scale=2.0, mobile=True)
    page.wait("window.thFace && thFace.stats.frames.drawn > 0")
    wait_for_picture(page, FaceDecoder(FACE.model, background="#203040").render(SMILE, (1688, 780)), 45.0)
    page.resize(700, 300, scale=1.5, mobile=True)
    wait_for_picture(page, FaceDecoder(FACE.model, background="#203040").render(SMILE, (450, 1050)), 45.0)
    assert (server.looking(Look.CODES), server.looking(Look.PICTURES)) == (1, 0)
    assert page.errors == []
    page.close()


@pytest.mark.parametrize("look", list(Look))
@pytest.mark.parametrize(("screen", "bars"), [((390, 844), 0.17), ((1280, 720), 0.0), ((512, 512), 0.0)], ids=str)
def test_a_face_that_covers_the_screen_stays_whole(
    serve: Serve, browser: Chromium, look: Look, screen: tuple[int, int], bars: float
) -> None:
    face, (wide, high) = load_face(default_model_folder()), screen
    server = serve(face=asset(face), background="#ff00ff")
    server.show_code(face.rest_code, 1000.0)
    server.show(cv2.imencode(".jpg", face.render(face.rest_code, (512, 512)))[1].tobytes(), 1000.0)
    page = browser.open(f"{server.url}?kiosk&fit=cover&face={look.value}", width=wide, height=high)
    page.wait("window.thFace && thFace.stats.frames.drawn > 0")
    picture = still(page).astype(int)
    outside = (picture == (255, 0, 255)).all(axis=2)
    assert not outside[high // 2].any()
    if look is Look.PICTURES:
        assert not outside.any()
        page.close()
        return
    assert outside.mean() <= bars
    # The pupils are dark, and where the page says that the eyes are.
    aims = page.evaluate(f"[[0, 0], [{wide}, {high}]].map(([x, y]) => thFace.aim(x, y))")
    assert aims[0][0] < 0 < aims[1][0]
    grey = picture.mean(axis=2)
    skin = grey[int(0.3 * high) : int(0.7 * high), int(0.4 * wide) : int(0.6 * wide)]
    assert skin.mean() > 120, "the middle of the screen is the face"
    page.close()


@pytest.mark.parametrize("look", list(Look))
def test_a_stop_empties_the_page_and_what_comes_next_is_seen_at_once(
    serve: Serve, browser: Chromium, look: Look
) -> None:
    server = serve(face=asset(FACE))

    def show(code: NDArray[np.float32], present_at: float) -> None:
        if look is Look.CODES:
            server.show_code(code, present_at)
        else:
            picture = cv2.imencode(".jpg", FACE.render(code, (256, 256)), [cv2.IMWRITE_JPEG_QUALITY, 98])[1]
            server.show(picture.tobytes(), present_at)

    page = browser.open(f"{server.url}?kiosk&meter&face={look.value}", width=256, height=256)
    page.wait("window.thFace && thFace.stats.clock.ready && thFace.listening")
    show(OPEN, time.time() - 0.2)
    page.wait("thFace.stats.frames.drawn > 0")
    page.evaluate("""(async () => {
      for (const [file, name] of [["/level.js", "Level"], ["/sound.js", "Sound"]]) {
        const kind = (await import(file))[name].prototype, restart = kind.restart;
        kind.restart = function () { (window.restarted ??= []).push(name); restart.call(this); };
      }
    })()""")
    for ahead in range(5):
        show(OPEN, time.time() + 8 + ahead / 60)
    page.wait("thFace.stats.frames.waiting >= 5")
    server.hush()
    show(SMILE, time.time() + 8)
    page.wait("window.restarted?.length === 2")
    assert sorted(page.evaluate("window.restarted")) == ["Level", "Sound"]
    page.wait("thFace.stats.frames.waiting === 0")
    wait_for_picture(page, FACE.render(SMILE, (256, 256)), 30.0)
    assert page.errors == []
    page.close()


def test_every_refresh_draws_what_lies_between_the_codes(serve: Serve, browser: Chromium) -> None:
    server = serve(face=asset(FACE))
    page = browser.open(server.url, width=300, height=300)
    with talking(server, nod):
        page.wait("window.thFace && thFace.stats.clock.ready && thFace.stats.frames.drawn > 60")
        before = server.stats()["sent_bytes"], time.monotonic()
        page.evaluate("thFace.clear()")
        page.wait("thFace.stats.frames.received > 120")
        rate = (server.stats()["sent_bytes"] - before[0]) / (time.monotonic() - before[1])
        stats = page.evaluate("thFace.stats")
    assert stats["frames"]["broken"] == stats["link"]["broken"] == 0
    assert stats["frames"]["drawn"] > 20
    assert 1000 < rate < 6500  # bytes a second: 60 codes of 16 numbers, and a pong
    page.close()


def test_poses_are_interpolated_held_and_come_to_rest(serve: Serve, browser: Chromium) -> None:
    page = browser.open(serve().url)
    poses = page.wait("""window.thFace && (async () => {
      const { Codes } = await import("/codes.js");
      const clock = { ready: true, toPage: (t) => t }, timeline = { clock, due: (t) => t, arrived() {} };
      const codes = new Codes(document.createElement("canvas"), timeline);
      codes.painter = { model: { rest: [5] } };
      const now = performance.now() / 1000;
      for (const [at, value] of [[0.08, 2], [0, 1], [0.9, 3]]) codes.push(now + at, Float32Array.of(value), false);
      return [-0.1, 0, 0.04, 0.1, 0.5, 0.91, 2.3, 2.6, 9].map((at) => codes.pose(now + at)?.[0] ?? null);
    })()""")
    assert poses[0] is None
    assert poses[1:] == pytest.approx([1, 1.5, 2, 2, 3, 3, 4, 5], abs=1e-3)
    page.close()


def test_another_face_is_fetched_when_the_server_comes_back_with_it(serve: Serve, browser: Chromium) -> None:
    server = serve(face=asset(FACE))
    server.show_code(OPEN, 1000.0)
    page = browser.open(server.url + "?kiosk", width=256, height=256)
    page.wait("window.thFace && thFace.stats.face === 'one' && thFace.stats.frames.drawn > 0")
    page.evaluate("window.sameDocument = true")
    server.stop()
    again = serve(port=urlsplit(server.url).port, face=asset(OTHER))
    again.show_code(SMILE, 1000.0)
    page.wait("thFace.state === 'open' && thFace.stats.face === 'two'")
    wait_for_picture(page, OTHER.render(SMILE, (256, 256)))
    assert page.evaluate("window.sameDocument") is True
    page.close()


def test_codes_of_another_face_are_counted_not_drawn(serve: Serve, browser: Chromium) -> None:
    server = serve(face=asset(FACE))
    page = browser.open(server.url)
    page.wait("window.thFace && thFace.stats.face === 'one'")
    server._face = asset(OTHER)  # a server that would not keep its word
    server.show_code(OPEN, 1000.0)
    server._face = asset(FACE)
    server.show_code(np.zeros(12), 1000.0)
    page.wait("thFace.stats.frames.broken === 2 && thFace.stats.frames.drawn === 0")
    page.close()


@pytest.mark.parametrize(
    ("before", "query", "why"),
    [
        ("HTMLCanvasElement.prototype.getContext = ((old) => function (kind, ...more) { return kind === 'webgl2' ? null : "
         "old.call(this, kind, ...more); })(HTMLCanvasElement.prototype.getContext)", "", "no WebGL2"),
        ("", "?face=pictures", "asked for"),
        ("window.fetch = async () => new Response(new Uint8Array(100))", "", "The face's file cannot be used"),
        ("window.fetch = async () => new Response('', { status: 404 })", "", "cannot be fetched (404)"),
        ("WebGL2RenderingContext.prototype.linkProgram = () => {}", "", "does not take a shader"),
    ],
    ids=["no-webgl2", "asked", "damaged-file", "no-file", "no-shaders"],
)  # fmt: skip
def test_pictures_where_the_page_cannot_draw(
    serve: Serve, browser: Chromium, make_picture: Callable[..., bytes], before: str, query: str, why: str
) -> None:
    server = serve(face=asset(FACE))
    server.show(make_picture(12), 1000.0)
    page = browser.open(server.url + query, before=before)
    page.wait("window.thFace && thFace.stats.look === 'pictures' && thFace.stats.frames.drawn === 1")
    assert why in page.evaluate("thFace.stats.why")
    assert (server.looking(Look.CODES), server.looking(Look.PICTURES)) == (0, 1)
    page.close()


LOSE = "window.lost = document.getElementById('face').getContext('webgl2').getExtension('WEBGL_lose_context')"


def test_a_graphics_card_that_comes_back_draws_on(serve: Serve, browser: Chromium) -> None:
    server = serve(face=asset(FACE))
    page = browser.open(server.url + "?kiosk", width=256, height=256)
    with talking(server, nod):
        page.wait("window.thFace && thFace.stats.frames.drawn > 5")
        page.evaluate(f"{LOSE}, lost.loseContext(), 1")
        page.wait("document.getElementById('face').getContext('webgl2').isContextLost()")
        page.evaluate("thFace.clear(), lost.restoreContext()")
        page.wait("thFace.stats.look === 'codes' && thFace.stats.frames.drawn > 5")
    with talking(server, lambda _: SMILE):
        wait_for_picture(page, FACE.render(SMILE, (256, 256)))
    page.close()


def test_a_graphics_card_that_stays_away_gives_way_to_pictures(
    serve: Serve, browser: Chromium, make_picture: Callable[..., bytes]
) -> None:
    server = serve(face=asset(FACE))
    server.show(make_picture(12), 1000.0)
    server.show_code(OPEN, 1000.0)
    page = browser.open(server.url)
    page.wait("window.thFace && thFace.stats.frames.drawn > 0")
    page.evaluate(f"{LOSE}, lost.loseContext()")
    page.wait("thFace.stats.look === 'pictures' && thFace.stats.frames.drawn === 1")
    assert page.evaluate("thFace.stats.why") == "the graphics card was lost"
    page.close()


def test_a_picture_behind_the_face_fills_the_screen(serve: Serve, browser: Chromium) -> None:
    shades = np.linspace(40, 200, 300).astype(np.uint8)
    picture = np.repeat(np.broadcast_to(shades[None, :, None], (200, 300, 1)), 3, axis=2).copy()
    server = serve(face=asset(FACE), backdrop=cv2.imencode(".png", picture)[1].tobytes())
    server.show_code(OPEN, 1000.0)
    page = browser.open(server.url + "?kiosk", width=640, height=360)
    page.wait("window.thFace && thFace.stats.frames.drawn > 0")
    want = FaceDecoder(FACE.model, background=picture).render(OPEN, (360, 640))
    wait_for_picture(page, want, 36.0)  # the browser scales it in its own way
    page.close()


# Notes when the page draws a bright face (its first appearance parameter is high), and when beeps are heard.
STEP = """
window.probe = { flashes: [], beeps: [] };
const draw = WebGL2RenderingContext.prototype.uniform1fv;
let bright = false, loudUntil = -1;
WebGL2RenderingContext.prototype.uniform1fv = function (place, values) {
  draw.call(this, place, values);
  const now = values[0] > window.half;
  if (now && !bright) probe.flashes.push(performance.now());
  bright = now;
};
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when) {
  start.call(this, when);
  const rate = this.context.sampleRate, stamp = this.context.getOutputTimestamp();
  this.buffer.getChannelData(0).forEach((value, i) => {
    if (Math.abs(value) < 0.2) return;
    const at = when + i / rate;
    if (at - loudUntil > 0.5) probe.beeps.push(stamp.performanceTime + (at - stamp.contextTime) * 1000);
    loudUntil = at;
  });
};
"""


class AsCodes:
    """Takes a stream's pictures and sends codes: a bright one for its flash."""

    def __init__(self, server: PageServer, flash: bytes) -> None:
        self._server, self._flash = server, flash
        self.play = server.play

    def show(self, jpeg: bytes, present_at: float) -> None:
        self._server.show_code(code_of(a0=2.0 if jpeg == self._flash else 0.0), present_at)


def test_a_drawn_face_and_the_voice_are_in_step(
    serve: Serve,
    browser: Chromium,
    stream: Callable[..., Any],
    make_picture: Callable[..., bytes],
    keeping_up: Callable[..., Any],
) -> None:
    server = serve(face=asset(FACE))
    half = float(np.abs(FACE.model.texture_modes[0]).max() / 127)  # the weight of parameter 1.0, levels per step
    page = browser.open(server.url + "?kiosk", before=f"window.half = {half};" + STEP, width=200, height=200)
    with stream(AsCodes(server, make_picture(flash=True)), rate=48000):
        page.wait("window.thFace && thFace.stats.sound.scheduled > 60 && probe.flashes.length > 0")
        stats, probe = keeping_up(page, 5, share=0.0)
    page.close()
    # What is drawn is seen one refresh later, and a flash is half as bright half a frame before its time.
    flashes = np.array(probe["flashes"]) + stats["frames"]["refresh_ms"]
    heard = np.array(probe["beeps"][:5])
    seen = np.array([min(flashes, key=lambda flash: abs(flash - beep)) for beep in heard])
    print("beep after flash, ms:", np.round(heard - seen, 1), stats["skew_ms"])
    assert abs(np.median(heard - seen)) < 40
