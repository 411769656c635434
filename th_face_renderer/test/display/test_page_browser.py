"""The page in a real browser: what is pushed is seen and heard, when it is due."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from th_face_renderer.display.page import PageServer
from th_face_renderer.testing_browser import Chromium

Serve = Callable[..., PageServer]
SMALL = {"width": 320, "height": 240}  # px, where time matters: a browser that draws in software is slow

# Notes when the face flashes and what is put on the audio clock, outside of the page's own book-keeping.
PROBE = """
window.probe = { flashes: [], beeps: [], pieces: [] };
const tiny = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const draw = CanvasRenderingContext2D.prototype.drawImage;
let bright = false;
CanvasRenderingContext2D.prototype.drawImage = function (image, ...box) {
  draw.call(this, image, ...box);
  tiny.drawImage(image, 0, 0, 8, 8, 0, 0, 1, 1);
  const now = tiny.getImageData(0, 0, 1, 1).data[0] > 200;
  if (now && !bright) probe.flashes.push(performance.now());
  bright = now;
};
const start = AudioBufferSourceNode.prototype.start;
let loudUntil = -1;
AudioBufferSourceNode.prototype.start = function (when) {
  start.call(this, when);
  const rate = this.context.sampleRate, data = this.buffer.getChannelData(0);
  const stamp = this.context.getOutputTimestamp();
  probe.pieces.push([when * rate, Array.from(data)]);
  data.forEach((value, i) => {
    if (Math.abs(value) < 0.2) return;
    const at = when + i / rate;
    if (at - loudUntil > 0.5) probe.beeps.push(stamp.performanceTime + (at - stamp.contextTime) * 1000);
    loudUntil = at;
  });
};
"""


def decoded(jpeg: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def psnr(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(cv2.PSNR(a, b))


def settled(page: Any) -> None:
    """Two animation frames later, what was drawn is on the screen."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_a_late_joiner_sees_the_face_at_once_as_it_was_pushed(
    serve: Serve, browser: Chromium, make_picture: Callable[..., bytes]
) -> None:
    server = serve(background="#203040")
    jpeg = make_picture(12)
    server.show(jpeg, 1000.0)  # long ago
    page = browser.open(server.url, width=512, height=512)
    page.wait("window.thFace && thFace.stats.frames.drawn === 1")
    page.evaluate("document.getElementById('sound').hidden = true")
    settled(page)
    assert psnr(page.screenshot(), decoded(jpeg)) > 38
    canvas = "document.getElementById('face')"
    assert (
        page.evaluate(f"{canvas}.getAttribute('role') + ' ' + {canvas}.getAttribute('aria-label')")
        == "img Talking face"
    )
    assert page.errors == []
    page.close()


def test_a_phone_held_upright_shows_the_whole_face_between_bars(
    serve: Serve, browser: Chromium, make_picture: Callable[..., bytes]
) -> None:
    server = serve(background="#203040")
    jpeg = make_picture(12)
    server.show(jpeg, 1000.0)
    page = browser.open(server.url + "?kiosk=1", width=390, height=844, scale=2.0, mobile=True)
    page.wait("window.thFace && thFace.stats.frames.drawn === 1")
    settled(page)
    screen = page.screenshot()
    assert screen.shape == (1688, 780, 3)
    top = (1688 - 780) // 2
    bars = np.concatenate((screen[: top - 2], screen[top + 780 + 2 :]))
    assert (bars == (0x40, 0x30, 0x20)).all()
    expected = cv2.resize(decoded(jpeg), (780, 780), interpolation=cv2.INTER_CUBIC)
    assert psnr(screen[top : top + 780], expected) > 32
    page.resize(844, 390, scale=2.0, mobile=True)
    page.wait("document.getElementById('face').height === 780 && document.getElementById('face').width === 780")
    assert page.evaluate("getComputedStyle(document.body).cursor") == "none"
    assert page.evaluate("getComputedStyle(document.getElementById('sound')).display") == "none"
    around = "getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).backgroundImage"
    server.info({"background": "#102030", "backdrop": server.set_backdrop(jpeg)})
    page.wait(f"({around}).startsWith('rgb(16, 32, 48)url(') && ({around}).includes('/backdrop-')")
    server.info({"background": "#405060", "backdrop": server.set_backdrop(b"")})
    page.wait(f"{around} === 'rgb(64, 80, 96)none'")
    page.close()


def test_face_and_voice_are_in_step(
    serve: Serve, browser: Chromium, stream: Callable[..., Any], keeping_up: Callable[..., Any]
) -> None:
    server = serve()
    page = browser.open(server.url + "?kiosk=1", before=PROBE, **SMALL)
    with stream(server, rate=48000):
        page.wait("window.thFace && thFace.stats.sound.scheduled > 60 && probe.flashes.length > 0")
        stats, probe = keeping_up(page, 3)
        assert server.listeners == 1
    page.close()
    assert stats["sound"]["state"] == "running"
    # Every picture that came was drawn or, where the browser missed a refresh, gave way to a newer one.
    frames = stats["frames"]
    assert frames["drawn"] > 60
    assert frames["drawn"] + frames["dropped"] + frames["waiting"] == pytest.approx(frames["received"], abs=30)
    # Seen one refresh after it is drawn; the beep's time is asked of the audio hardware anew.
    heard = np.array(probe["beeps"][:3])
    flashes = np.array(probe["flashes"]) + stats["frames"]["refresh_ms"]
    seen = np.array([min(flashes, key=lambda flash: abs(flash - beep)) for beep in heard])
    print("beep after flash, ms:", np.round(heard - seen, 1), stats)
    assert abs(np.median(heard - seen)) < 40
    assert stats["skew_ms"]["p50"] < 40


def test_sound_has_no_seam_even_while_it_follows_a_drifting_clock(
    serve: Serve, browser: Chromium, stream: Callable[..., Any]
) -> None:
    server = serve()
    page = browser.open(server.url + "?sound=1", before=PROBE, **SMALL)
    with stream(server, rate=16000, drift=0.002):
        for _ in range(10):  # until a second without an underrun: this machine may be busy
            page.evaluate("window.thFace && thFace.clear(), probe.pieces.length = 0")
            page.wait("window.thFace && probe.pieces.length > 60")
            pieces, sound = page.evaluate("[probe.pieces, thFace.stats.sound]")
            if not sound["underruns"] + sound["gaps"] + sound["late"] and sound["correction_ppm"] > 500:
                break
        else:
            pytest.fail(f"not one second without a break: {sound}")
    page.close()
    starts = np.array([start for start, _ in pieces])
    np.testing.assert_allclose(starts, np.rint(starts), atol=1e-4)
    np.testing.assert_allclose(np.diff(starts), [len(data) for _, data in pieces[:-1]], atol=1e-3)
    wave = np.concatenate([data for _, data in pieces])
    # Between two beeps there is one tone of 440 Hz, its pitch a little bent by the drift: all else is seam.
    loud = np.flatnonzero(np.abs(np.concatenate(([1.0], wave, [1.0]))) > 0.2)
    longest = int(np.argmax(np.diff(loud)))
    quiet = wave[loud[longest] + 500 : loud[longest + 1] - 500][: sound["rate"] // 4]
    assert len(quiet) > sound["rate"] // 8
    assert min(_residue(quiet, 440 * (1 - ppm * 1e-6) / sound["rate"]) for ppm in range(0, 5000, 50)) < 0.01


def _residue(wave: NDArray[np.float64], cycles: float) -> float:
    """What of the wave is not a tone of so many cycles per sample, as a share of its amplitude."""
    phase = 2 * np.pi * cycles * np.arange(len(wave))
    basis = np.stack((np.sin(phase), np.cos(phase)), axis=1)
    rest = wave - basis @ np.linalg.lstsq(basis, wave, rcond=None)[0]
    return float(np.sqrt(np.mean(rest**2) / np.mean(wave**2)))


def test_the_page_comes_back_when_the_server_does(
    serve: Serve, browser: Chromium, make_picture: Callable[..., bytes], stream: Callable[..., Any]
) -> None:
    server = serve()
    jpeg = make_picture(12)
    server.show(jpeg, 1000.0)
    port = urlsplit(server.url).port
    page = browser.open(server.url, width=512, height=512)
    page.wait("window.thFace && thFace.stats.frames.drawn === 1")
    page.evaluate("window.sameDocument = true")
    server.stop()
    page.wait("thFace.state === 'reconnecting' && !document.getElementById('mark-link').hidden")
    settled(page)
    lower = page.screenshot()[200:400]  # clear of the mark and the button
    assert psnr(lower, decoded(jpeg)[200:400]) > 38
    again = serve(port=port, clock=lambda: 5.0)  # another clock altogether, and one that stands still
    page.wait("thFace.state === 'open' && document.getElementById('mark-link').hidden")
    again.show(make_picture(40), 5.0)
    page.wait("thFace.stats.frames.drawn > 1")
    assert page.evaluate("window.sameDocument === true && thFace.stats.link.opened === 2")
    page.close()


def test_the_page_renews_itself_when_the_server_comes_back_with_another(serve: Serve, browser: Chromium) -> None:
    server = serve(title="Anna")
    port = urlsplit(server.url).port
    page = browser.open(server.url)
    page.wait("window.thFace && thFace.state === 'open' && document.title === 'Anna'")
    server.stop()
    serve(port=port, title="Berta")
    page.wait("window.thFace && thFace.state === 'open' && document.title === 'Berta'")
    page.close()


def test_sound_waits_for_the_button_and_is_remembered(serve: Serve, stream: Callable[..., Any]) -> None:
    server = serve()
    with Chromium(autoplay=False) as strict, stream(server):
        page = strict.open(server.url)
        page.wait("window.thFace && thFace.stats.frames.drawn > 5")
        assert page.evaluate("document.getElementById('sound').innerText.trim()") == "Sound on"
        assert server.listeners == 0
        page.evaluate("document.getElementById('sound').click()", gesture=True)
        page.wait("thFace.listening && thFace.stats.sound.scheduled > 5 && thFace.stats.sound.ahead_ms > 0")
        assert page.evaluate("document.getElementById('sound').getAttribute('aria-pressed')") == "true"
        assert server.listeners == 1
        page.call("Page.reload")
        page.wait("window.thFace && thFace.stats.frames.drawn > 5 && thFace.stats.sound.state === 'suspended'")
        page.evaluate("dispatchEvent(new PointerEvent('pointerup'))", gesture=True)
        page.wait("thFace.stats.sound.scheduled > 5")
        page.evaluate("document.getElementById('sound').click()", gesture=True)
        page.wait("!thFace.listening && thFace.stats.sound.state === 'suspended'")
        assert (
            page.evaluate("thFace.stats.sound.ahead_ms") == 0
        )  # nothing stale will be heard when it is turned on again
        assert page.errors == []


def test_a_kiosk_that_may_not_sound_yet_says_so_and_a_touch_is_enough(serve: Serve, stream: Callable[..., Any]) -> None:
    server = serve()
    with Chromium(autoplay=False) as strict, stream(server):
        page = strict.open(server.url + "?kiosk", **SMALL)
        page.wait("window.thFace && document.getElementById('mark-sound').textContent === 'touch for sound'")
        page.evaluate("dispatchEvent(new PointerEvent('pointerup'))", gesture=True)
        page.wait("thFace.stats.sound.scheduled > 5 && document.getElementById('mark-sound').hidden")
        silent = strict.open(server.url + "?kiosk&sound=0", **SMALL)
        silent.wait("window.thFace && thFace.stats.frames.drawn > 5")
        assert silent.evaluate("document.getElementById('mark-sound').hidden")
        assert page.errors == []


def test_a_late_stream_is_said_so_and_still_heard(serve: Serve, browser: Chromium, stream: Callable[..., Any]) -> None:
    server = serve()
    page = browser.open(server.url + "?sound=1&buffer=50", **SMALL)
    with stream(server, lead=-0.3):
        page.wait("window.thFace && !document.getElementById('mark-late').hidden")
        page.wait("thFace.stats.extra_ms > 250 && thFace.stats.sound.scheduled > 30")
    assert page.evaluate("document.getElementById('mark-late').textContent") == "late"
    page.wait("document.getElementById('mark-late').hidden")  # what has come to its end is not late
    page.close()


def test_info_is_shown_on_request(serve: Serve, browser: Chromium) -> None:
    server = serve()
    server.info({"badge": "listening", "state": "<b>idle</b>"})
    page = browser.open(server.url)
    page.wait("window.thFace && document.getElementById('mark-info').textContent === 'listening'")
    page.evaluate("dispatchEvent(new KeyboardEvent('keydown', {key: 'i'}))")
    assert "<b>idle</b>" in page.evaluate("document.getElementById('panel').textContent")
    page.close()
