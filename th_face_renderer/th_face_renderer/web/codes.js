// Codes: drawn at the display's own rate, the pose of every refresh taken from between the codes on either side of it.

import { Pace } from "./pace.js";
import { Ring } from "./ring.js";

const KEPT = 2;             // s of codes that are over
const MAX_WAITING = 1024;
const FAR = 10;             // s: a code due later than this has a wrong date; draw it now
const BRIDGE = 0.1;         // s: codes up to this far apart are one movement; beyond, the face stood still
const SILENCE = 1.5;        // s without a code, though one comes every second at least: the face goes to rest
const FALL = 0.4;           // s until it is there

export class Codes {
  // painter: null until the face is there; what comes before that waits.
  constructor(canvas, timeline) {
    Object.assign(this, { canvas, timeline, painter: null, waiting: [], still: null, shown: null });
    this.pace = new Pace();
    this.room = null;           // px of the screen that the canvas has: [width, height]
    this.resized = true;
    this.moved = false;         // whether the last refresh was drawn
    canvas.style.objectFit = "fill";
    this.frame = 1 / 60;        // s between the screen's refreshes, measured
    this.skews = new Ring(1200);
    this.counts = { received: 0, drawn: 0, dropped: 0, late: 0, broken: 0, hidden: 0 };
    this.observer = new ResizeObserver((entries) => this.#resize(entries[entries.length - 1]));
    this.observer.observe(canvas);
  }

  // Draw with this from now on (null: with nothing, for the time being); codes of another length are void.
  take(painter) {
    this.painter = painter;
    this.shown = null;
    if (!painter) return;
    const fits = (code) => code?.length === painter.model.rest.length;
    this.waiting = this.waiting.filter((one) => fits(one.code));
    if (!fits(this.still)) this.still = null;
  }

  close() {
    this.observer.disconnect();
    this.canvas.style.objectFit = "";
  }

  // The stream begins anew (another server, another clock): what waits is void, what is on the screen stays.
  restart() {
    this.waiting = [];
    this.still = null;
  }

  push(presentAt, code, still) {
    this.counts.received += 1;
    if (still) { this.still = code; return; }
    const { timeline, waiting } = this;
    const now = performance.now() / 1000;
    if (timeline.clock.ready) {
      const slack = timeline.due(presentAt) - this.frame - now;
      if (Math.abs(slack) > FAR) { this.still = code; return; }
      timeline.arrived("picture", slack, now);
      if (slack < 0) this.counts.late += 1;
    }
    let place = waiting.length;
    while (place > 0 && waiting[place - 1].presentAt >= presentAt) place -= 1;
    waiting.splice(place, Number(waiting[place]?.presentAt === presentAt), { presentAt, code });
    if (waiting.length > MAX_WAITING) { waiting.shift(); this.counts.dropped += 1; }
    if (document.hidden) this.counts.hidden += 1;
  }

  // Called in each animation frame with its time in s; what is drawn now is seen one refresh later.
  draw(start, previous) {
    if (previous) this.#measureFrame(start - previous);
    if (!this.painter) return;
    const pose = this.pose(start + this.frame) ?? this.shown;
    const moves = !this.shown || pose?.some((value, i) => value !== this.shown[i]);
    if (this.moved && moves && this.pace.took(start - previous)) this.#fit();
    this.moved = moves;
    if (!pose || !(moves || this.resized)) return;
    this.painter.paint(pose);
    this.shown = pose;
    this.resized = false;
    this.counts.drawn += 1;
    this.skews.push(performance.now() - start * 1000);
  }

  // The code of the face seen at a page time; null while there is none.
  pose(seen) {
    const { timeline, waiting, still, painter } = this;
    if (!timeline.clock.ready) return still;
    const due = (one) => timeline.due(one.presentAt);
    let next = 0;
    while (next < waiting.length && due(waiting[next]) <= seen) next += 1;
    while (next > 1 && due(waiting[1]) < seen - KEPT) { waiting.shift(); next -= 1; }
    const before = waiting[next - 1], after = waiting[next];
    if (!before) return still;
    this.still = null;
    if (after) {
      const gap = after.presentAt - before.presentAt;
      return gap > BRIDGE ? before.code : between(before.code, after.code, (seen - due(before)) / gap);
    }
    const silent = seen - due(before) - SILENCE;
    return silent <= 0 ? before.code : between(before.code, painter.model.rest, Math.min(1, silent / FALL));
  }

  #resize(entry) {
    const ratio = devicePixelRatio || 1, box = entry.devicePixelContentBoxSize?.[0];
    // The browser knows to which pixels the canvas is rounded; an emulated screen's it does not know.
    const side = (css, exact) => Math.max(2, Math.abs(exact - css * ratio) < 1.5 ? exact : Math.round(css * ratio));
    this.room = [side(entry.contentRect.width, box?.inlineSize), side(entry.contentRect.height, box?.blockSize)];
    this.#fit();
  }

  #fit() {
    if (!this.room) return;
    const { canvas, pace } = this, [width, height] = this.room.map((side) => Math.max(2, Math.round(side * pace.scale)));
    if (canvas.width === width && canvas.height === height) return;
    canvas.width = width;
    canvas.height = height;
    // That wiped it, and between a resize and the next drawing it would be seen empty.
    if (this.painter && this.shown) this.painter.paint(this.shown);
    else this.resized = true;
  }

  #measureFrame(interval) {
    if (interval > 0.003 && interval < 0.05) this.frame += (interval - this.frame) * 0.05;
  }
}

function between(one, two, part) {
  return one.map((value, i) => value + (two[i] - value) * part);
}
