// The server's clock, seen from here. All times are in seconds; the page's own are performance.now() / 1000.

const WINDOW = 20;      // s a measurement stays useful: two good crystals part by 2 ms in that time
const DRIFT = 1e-4;     // s per s that two clocks may part
const STEP = 0.03;      // s: a larger correction is made at once
const SLEW = 0.002;     // s: a smaller one by so much per measurement

export class Clock {
  constructor() { this.reset(); }

  reset() {
    this.offset = 0;        // server minus page
    this.ready = false;
    this.rtt = null;        // of the measurement in use
    this.samples = [];
    this.count = 0;
    this.steps = 0;
  }

  // One ping: left at t0 and came back at t3 (page), was at the server from t1 to t2 (server).
  sample(t0, t1, t2, t3) {
    const rtt = Math.max(0, t3 - t0 - (t2 - t1));
    const offset = (t1 - t0 + t2 - t3) / 2;
    // A measurement is right to half its round trip. Two that cannot both be right: the server's clock was set.
    this.samples = this.samples.filter((old) =>
      t3 - old.at < WINDOW && Math.abs(old.offset - offset) <= (old.rtt + rtt) / 2 + 0.002 + DRIFT * WINDOW);
    this.samples.push({ rtt, offset, at: t3 });
    const doubt = (one) => one.rtt / 2 + DRIFT * (t3 - one.at);
    const best = this.samples.reduce((a, b) => (doubt(b) < doubt(a) ? b : a));
    this.rtt = best.rtt;
    this.count += 1;
    const error = best.offset - this.offset;
    if (!this.ready || Math.abs(error) > STEP) {
      this.offset = best.offset;
      if (this.ready) this.steps += 1;
      this.ready = this.count >= 3;   // the very first ones often waited for the page to load
    } else {
      this.offset += Math.max(-SLEW, Math.min(SLEW, error));
    }
  }

  toPage(server) { return server - this.offset; }
}
