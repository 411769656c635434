"""The page's own arithmetic, run where it runs: in the browser."""

import json
from collections.abc import Iterator

import numpy as np
import pytest

from th_face_renderer.display.page import PageServer
from th_face_renderer.testing_browser import Chromium, Page


@pytest.fixture(scope="module")
def page(browser: Chromium) -> Iterator[Page]:
    server = PageServer(port=0)
    page = browser.open(server.start())
    page.wait("window.thFace")
    yield page
    page.close()
    server.stop()


@pytest.mark.parametrize(
    ("rate", "audio_rate"), [(16000, 44100), (24000, 48000), (44100, 48000), (48000, 44100), (96000, 48000)]
)
def test_resampling_is_clean_and_the_same_for_any_cut(page: Page, rate: int, audio_rate: int) -> None:
    whole, cut = page.evaluate(f"""(async () => {{
      const {{ Resampler }} = await import("/resampler.js");
      const tone = Float32Array.from({{ length: {rate} / 4 }}, (_, i) => Math.sin(2 * Math.PI * 1000 * i / {rate}));
      const a = new Resampler({rate} / {audio_rate}), b = new Resampler({rate} / {audio_rate});
      const whole = a.push(tone, {rate} / {audio_rate}), cut = [];
      for (let i = 0, size = 1; i < tone.length; i += size, size = (size * 7 + 3) % 997) {{
        cut.push(...b.push(tone.subarray(i, i + size), {rate} / {audio_rate}));
      }}
      return [Array.from(whole), cut];
    }})()""")
    assert abs(len(whole) - len(cut)) <= 1
    np.testing.assert_allclose(cut, whole[: len(cut)], atol=1e-5)
    inner = np.array(whole)[200:-200]
    expected = np.sin(2 * np.pi * 1000 * np.arange(200, 200 + len(inner)) / audio_rate)
    assert np.abs(inner - expected).max() < 10 ** (-60 / 20)


def test_a_slightly_other_step_changes_the_length_and_leaves_no_click(page: Page) -> None:
    out = page.evaluate("""(async () => {
      const { Resampler } = await import("/resampler.js");
      const resampler = new Resampler(1), out = [];
      for (let piece = 0; piece < 100; piece += 1) {
        const tone = Float32Array.from({ length: 480 }, (_, i) => Math.sin(2 * Math.PI * 500 * (480 * piece + i) / 48000));
        out.push(...resampler.push(tone, 1 + (piece % 2 ? 0.005 : -0.001)));
      }
      return out;
    })()""")
    assert len(out) == pytest.approx(48000 / 1.002, abs=30)
    # A step of the pitch bends the wave; a jump of the wave would stand out far above that.
    slope = 2 * np.pi * 500 / 48000
    assert np.abs(np.diff(out[200:], 3)).max() < 1.2 * (slope**3 + 0.006 * slope)


def test_the_clock_finds_the_offset_through_a_crooked_network(page: Page) -> None:
    rng = np.random.default_rng(1)
    pings = []
    for at in np.arange(0, 30, 0.5):
        there, back = rng.exponential(0.02, 2) + 0.001
        server = at + 1000 + 2e-5 * at + there  # 20 ppm of drift
        pings.append([at, server, server + 0.0002, at + there + 0.0002 + back])
    error = page.evaluate(f"""(async () => {{
      const {{ Clock }} = await import("/clock.js");
      const clock = new Clock();
      for (const ping of {json.dumps(pings)}) clock.sample(...ping);
      return clock.offset - (1000 + 2e-5 * 30);
    }})()""")
    assert abs(error) < 0.005


def test_the_clock_follows_when_the_server_sets_its_own(page: Page) -> None:
    offsets = page.evaluate("""(async () => {
      const { Clock } = await import("/clock.js");
      const clock = new Clock(), offsets = [];
      for (let i = 0; i < 20; i += 1) {
        const offset = i < 10 ? 100 : 90;
        clock.sample(i, i + offset + 0.004, i + offset + 0.004, i + 0.01);
        offsets.push(clock.offset);
      }
      return offsets;
    })()""")
    assert offsets[9] == pytest.approx(100, abs=0.002)
    assert offsets[10] == pytest.approx(90, abs=0.002)


def test_a_slow_machine_draws_fewer_pixels_and_tries_all_again_later(page: Page) -> None:
    scales = page.evaluate("""(async () => {
      const { Pace } = await import("/pace.js");
      const pace = new Pace(), scales = [];
      const run = (seconds, each) => { for (let t = 0; t < seconds; t += each) pace.took(each); scales.push(pace.scale); };
      run(60, 1 / 60);    // at ease
      run(1, 1 / 5);      // a short stall
      run(1, 1 / 60);
      run(3, 1 / 10);     // slow
      run(60, 1 / 10);    // and slower than it can get
      run(300, 1 / 60);
      run(4, 1 / 10);     // a relapse: it takes longer now
      run(30, 1 / 60);
      run(30, 1 / 60);
      return scales;
    })()""")
    assert scales[:3] == [1, 1, 1]
    assert scales[3] == pytest.approx(0.75)
    assert scales[4:6] == [pytest.approx(0.4), 1]
    assert scales[6:] == [pytest.approx(0.75), pytest.approx(0.75), 1]


def test_the_buffer_grows_with_lateness_and_shrinks_back(page: Page) -> None:
    delays = page.evaluate("""(async () => {
      const { Timeline } = await import("/timeline.js");
      const timeline = new Timeline({ toPage: (t) => t }, 0.1), delays = [];
      for (let frame = 0; frame < 60 * 60; frame += 1) {
        const now = frame / 60, lateness = now < 10 ? 0.02 : now < 20 ? 0.4 : 0.02;
        timeline.arrived("picture", timeline.due(now - lateness) - now, now);
        if (frame % 60 === 59) delays.push([timeline.delay, timeline.late]);
      }
      return delays;
    })()""")
    assert delays[8] == [pytest.approx(0.1), False]
    assert delays[18] == [pytest.approx(0.43, abs=0.02), True]
    assert delays[-1] == [pytest.approx(0.1), False]
