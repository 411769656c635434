// Sound: every piece is put on the audio hardware's clock so that it is heard when it is due, without a seam.
//
// Pieces follow each other to the sample. What the two clocks drift apart is made good by resampling, half a percent
// at most, which nobody hears; only a real gap or an underrun starts anew at the right time.

import { Resampler } from "./resampler.js";
import { Ring } from "./ring.js";

const MAX_ERROR = 0.03;       // s: more than this is not drift
const MAX_CORRECTION = 0.005; // of the speed
const SETTLE = 2;             // s in which an error is made good
const LEAD = 0.01;            // s before its time that a piece must be with the hardware
const FADE = 0.003;           // s
const MAX_WAITING = 10;       // s that may be scheduled ahead
const MAPPINGS = 31;

export class Sound {
  constructor(timeline, onstate) {
    this.timeline = timeline;
    this.onstate = onstate;
    this.audio = null;
    this.wanted = false;
    this.counts = { received: 0, scheduled: 0, late: 0, underruns: 0, gaps: 0, seconds: 0 };
    this.errors = new Ring(600);
    this.pending = [];          // {source, end}: scheduled and perhaps not over
    this.restart();
  }

  // s of sound that are scheduled and not heard yet.
  get ahead() {
    return this.next === null || !this.audio ? 0 : Math.max(0, this.next / this.audio.sampleRate - this.audio.currentTime);
  }

  get running() { return this.wanted && this.audio?.state === "running"; }

  // Asked for, and the browser waits for a gesture.
  get blocked() { return this.wanted && this.asked && this.audio?.state === "suspended"; }

  // In a user's gesture, or wherever the browser lets pages sound by themselves.
  async start() {
    this.wanted = true;
    if (!this.audio) {
      this.audio = new AudioContext({ latencyHint: "interactive" });
      this.gain = new GainNode(this.audio);
      this.gain.connect(this.audio.destination);
      this.audio.onstatechange = () => { this.restart(); this.onstate(); };
    }
    // Where a gesture is missing this promise waits for ever.
    await Promise.race([this.audio.resume().catch(() => {}), new Promise((done) => setTimeout(done, 1000))]);
    this.asked = true;
    this.onstate();
  }

  stop() {
    this.wanted = false;
    this.restart();
    this.audio?.suspend();
    this.onstate();
  }

  // What is scheduled is void, and nothing is known any more.
  restart() {
    this.#silence(0);
    this.next = null;           // sample of the audio clock at which the next piece begins
    this.expected = null;       // present_at of the next piece, if it follows on
    this.error = 0;
    this.correction = 0;
    this.mappings = [];
    this.resampler = null;
  }

  push(presentAt, rate, samples) {
    this.counts.received += 1;
    if (!this.running || !this.timeline.clock.ready || !samples.length) return;
    const audioRate = this.audio.sampleRate;
    const follows = this.rate === rate && this.expected !== null && Math.abs(presentAt - this.expected) < 0.02;
    if (!this.resampler || !follows) {
      if (this.expected !== null) this.counts.gaps += 1;
      if (this.rate !== rate || !this.resampler) this.resampler = new Resampler(rate / audioRate);
      else this.resampler.reset();
      this.rate = rate;
      this.next = null;
    }
    this.expected = presentAt + samples.length / rate;

    // When the first sample that comes out of the resampler should start, on the audio clock.
    const now = performance.now() / 1000;
    const target = this.timeline.due(presentAt) + this.resampler.position / rate - this.#mapping(now);
    const earliest = this.audio.currentTime + LEAD;
    this.timeline.arrived("sound", target - earliest, now);
    const step = (rate / audioRate) * (1 - this.correction);
    const out = this.resampler.push(Float32Array.from(samples, (value) => value / 32768), step);
    if (target - earliest > MAX_WAITING) return;

    if (this.next !== null && this.next / audioRate < earliest - LEAD / 2) {
      this.counts.underruns += 1;
      this.next = null;
    }
    if (this.next !== null && Math.abs(target - this.next / audioRate) > MAX_ERROR) {
      this.counts.gaps += 1;
      this.next = null;
    }
    if (this.next === null) this.#begin(out, target, earliest, audioRate);
    else this.#follow(out, target - this.next / audioRate, samples.length / rate, audioRate);
  }

  #begin(out, target, earliest, audioRate) {
    this.error = 0;
    this.correction = 0;
    const skip = Math.max(0, Math.ceil((earliest - target) * audioRate));
    if (skip >= out.length) { this.counts.late += 1; return; }
    const rest = out.subarray(skip);
    const fade = Math.min(rest.length, Math.round(FADE * audioRate));
    for (let i = 0; i < fade; i += 1) rest[i] *= i / fade;
    this.next = Math.round(target * audioRate) + skip;
    this.#silence(this.next / audioRate);   // never two sounds at once
    this.#schedule(rest, audioRate);
  }

  #follow(out, error, seconds, audioRate) {
    this.error += (error - this.error) * Math.min(1, seconds / 0.5);
    this.errors.push(error * 1000);
    this.correction = Math.max(-MAX_CORRECTION, Math.min(MAX_CORRECTION, this.error / SETTLE));
    this.#schedule(out, audioRate);
  }

  #schedule(out, audioRate) {
    if (!out.length) return;
    const buffer = new AudioBuffer({ length: out.length, sampleRate: audioRate });
    buffer.copyToChannel(out, 0);
    const source = new AudioBufferSourceNode(this.audio, { buffer });
    source.connect(this.gain);
    source.start(this.next / audioRate);
    this.next += out.length;
    this.pending = this.pending.filter((one) => one.end > this.audio.currentTime);
    this.pending.push({ source, end: this.next / audioRate });
    this.counts.scheduled += 1;
    this.counts.seconds += out.length / audioRate;
  }

  #silence(from) {
    for (const one of this.pending) if (one.end > from) one.source.stop(from);
    this.pending = [];
  }

  // Page time minus audio time: a sound scheduled at audio time a is heard at page time a + mapping. The browser's
  // figures come in steps of its buffers, so the median of the last few is taken.
  #mapping(now) {
    const stamp = this.audio.getOutputTimestamp?.();
    const latency = this.audio.outputLatency || this.audio.baseLatency || 0;
    const measured = stamp?.contextTime > 0 && stamp.performanceTime > 0
      ? stamp.performanceTime / 1000 - stamp.contextTime
      : now - this.audio.currentTime + latency;
    this.mappings.push(measured);
    if (this.mappings.length > MAPPINGS) this.mappings.shift();
    return [...this.mappings].sort((a, b) => a - b)[this.mappings.length >> 1];
  }
}
