// How loud the voice is that is due now: from the sound as it comes, whether it is played here or not.

const STEP = 1 / 60;    // s
const FALL = 26;        // dB per s: the bar falls slower than the voice, so that the eye can follow
const FLOOR = -60;      // dB of full scale

export class Level {
  constructor(timeline) {
    Object.assign(this, { timeline, waiting: [], shown: FLOOR, at: 0, came: performance.now() / 1000 });
  }

  restart() { this.waiting = []; }

  push(presentAt, rate, samples) {
    this.came = performance.now() / 1000;   // when any sound came last
    const size = Math.max(1, Math.round(rate * STEP));
    for (let from = 0; from < samples.length; from += size) {
      const piece = samples.subarray(from, from + size);
      const power = piece.reduce((sum, value) => sum + value * value, 0) / piece.length / 32768 ** 2;
      this.waiting.push({ presentAt: presentAt + from / rate, level: Math.max(FLOOR, 10 * Math.log10(power + 1e-12)) });
    }
    this.waiting.splice(0, this.waiting.length - 600);
  }

  // dB of full scale, FLOOR to 0, at a page time.
  now(seen) {
    const { timeline, waiting } = this;
    let level = FLOOR;
    while (timeline.clock.ready && waiting.length && timeline.due(waiting[0].presentAt) <= seen) level = Math.max(level, waiting.shift().level);
    this.shown = Math.max(level, FLOOR, this.shown - FALL * Math.max(0, seen - this.at));
    this.at = seen;
    return this.shown;
  }
}
