// What the page measures: window.thFace for tests and the curious, and a small panel for people (key "i").

const ms = (seconds) => (seconds === null ? null : Number((seconds * 1000).toFixed(3)));

export class Report {
  // info() gives the server's own small values.
  constructor(parts, panel, info) {
    Object.assign(this, parts, { panel, info });
  }

  get stats() {
    const { clock, timeline, screen, sound, link } = this;
    const { counts, waiting, frame, skews, pace } = screen.drawer;
    return {
      look: screen.look,
      why: screen.why,
      face: screen.face,
      scale: pace?.scale ?? 1,
      frames: { ...counts, waiting: waiting.length, refresh_ms: ms(frame) },
      skew_ms: skews.summary(),
      sound: {
        ...sound.counts,
        state: sound.audio?.state ?? "none",
        rate: sound.audio?.sampleRate ?? null,
        latency_ms: ms(sound.audio?.outputLatency ?? 0),
        error_ms: sound.errors.summary(),
        ahead_ms: ms(sound.ahead),
        correction_ppm: Math.round(sound.correction * 1e6),
      },
      clock: { ready: clock.ready, offset_s: clock.offset, rtt_ms: ms(clock.rtt), steps: clock.steps },
      link: { opened: link.opened, broken: link.broken },
      buffer_ms: ms(timeline.buffer),
      extra_ms: ms(timeline.extra),
      late: timeline.late,
    };
  }

  // Count from now on.
  clear() {
    const { screen: { drawer }, sound } = this;
    drawer.skews.clear();
    sound.errors.clear();
    for (const counts of [drawer.counts, sound.counts]) for (const key in counts) counts[key] = 0;
  }

  show() {
    if (this.panel.hidden) return;
    const now = this.stats;
    const { badge, ...values } = this.info();
    const rows = {
      ...values,
      drawn: now.look === "codes" ? "here, from codes" : `by the server (${now.why})`,
      "frames drawn": `${now.frames.drawn} (${now.frames.dropped} dropped)`,
      "skew p50 / p99": now.skew_ms.n ? `${now.skew_ms.p50.toFixed(1)} / ${now.skew_ms.p99.toFixed(1)} ms` : "",
      sound: `${now.sound.state}, ${now.sound.underruns} underruns`,
      "round trip": `${now.clock.rtt_ms?.toFixed(1) ?? "?"} ms`,
      buffer: `${now.buffer_ms} + ${Math.round(now.extra_ms)} ms`,
    };
    this.panel.replaceChildren(...Object.entries(rows).flatMap(([name, value]) => {
      const term = document.createElement("dt");
      const detail = document.createElement("dd");
      term.textContent = name;
      detail.textContent = String(value);
      return [term, detail];
    }));
  }
}
