// When things are due here: the server's present_at, on the page's clock, plus the page's buffer.
//
// The buffer is fixed. Only when too much arrives too late even so (a slow network, loudspeakers behind Bluetooth, a
// machine out of breath) it grows, for pictures and sound alike, and the page says "late"; when there has been room
// for a while it shrinks back. A single stall moves nothing.

const PERIOD = 1;        // s over which arrivals are judged
const MAX_EXTRA = 1.5;   // s
const MARGIN = 0.03;     // s of room left when the buffer is changed
const PATIENCE = 10;     // good periods before the buffer shrinks
const HOPELESS = 0.9;    // a share that nothing but a larger buffer will cure: act at once
const OVER = 3;          // s without anything: nothing is late any more
const BEARABLE = { picture: 0.5, sound: 0.05 };  // share of late ones: a dropped picture is seldom seen, a break is heard

export class Timeline {
  constructor(clock, buffer) {
    this.clock = clock;
    this.buffer = buffer;
    this.extra = 0;
    this.restart();
  }

  restart() {
    this.kinds = new Map();
    this.judged = false;
    this.heard = -Infinity;
  }

  // Whether what comes is late; what has come to its end is not.
  get late() { return this.judged && performance.now() / 1000 - this.heard < OVER; }

  get delay() { return this.buffer + this.extra; }

  due(presentAt) { return this.clock.toPage(presentAt) + this.delay; }

  // Something arrived with `slack` s to spare (negative: too late).
  arrived(kind, slack, now) {
    this.heard = performance.now() / 1000;
    let seen = this.kinds.get(kind);
    if (!seen) this.kinds.set(kind, (seen = { since: now, slacks: [], first: true, good: 0, bad: 0, least: Infinity, late: false }));
    seen.slacks.push(slack);
    if (now - seen.since < PERIOD) return;
    if (!seen.first) this.#judge(seen, BEARABLE[kind]);   // at first the page itself was still busy opening
    seen.first = false;
    seen.since = now;
    seen.slacks = [];
    this.judged = this.extra > 0 || [...this.kinds.values()].some((one) => one.late);
  }

  #judge(seen, bearable) {
    const slacks = seen.slacks.sort((a, b) => a - b);
    const share = slacks.filter((slack) => slack < 0).length / slacks.length;
    seen.late = share > bearable;
    seen.bad = share > bearable ? seen.bad + 1 : 0;
    if (slacks.length >= 5 && (seen.bad >= 2 || share > HOPELESS)) {
      const worst = slacks[Math.floor((slacks.length * bearable) / 4)];
      this.extra = Math.min(MAX_EXTRA, this.extra - worst + MARGIN);
      seen.bad = 0;
    }
    if (seen.late) {
      for (const one of this.kinds.values()) { one.good = 0; one.least = Infinity; }
      return;
    }
    seen.good += 1;
    seen.least = Math.min(seen.least, slacks[0]);
    const all = [...this.kinds.values()];
    if (this.extra > 0 && all.every((one) => one.good >= PATIENCE)) {
      const room = Math.min(...all.map((one) => one.least)) - MARGIN;
      if (room > 0.02) this.extra = Math.max(0, this.extra - room);
      for (const one of all) { one.good = 0; one.least = Infinity; }
    }
  }
}
