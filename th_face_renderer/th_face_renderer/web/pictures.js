// Pictures: decoded as they come, drawn when they are due, sharp in the screen's own pixels.

import { Ring } from "./ring.js";

const MAX_WAITING = 90;     // decoded pictures
const MAX_DECODING = 16;
const FAR = 10;             // s: a picture due later than this has a wrong date; draw it now
const MAX_SIDE = 4096;      // px

export class Pictures {
  constructor(canvas, timeline, cover = false) {
    this.cover = cover;
    if (cover) Object.assign(canvas.style, { objectFit: "cover", objectPosition: "50% 40%" });
    this.canvas = canvas;
    this.timeline = timeline;
    this.context = canvas.getContext("2d", { alpha: false });
    this.waiting = [];          // {presentAt, bitmap, still}, in order
    this.decoding = 0;
    this.current = null;        // the bitmap on the screen
    this.currentAt = -Infinity;
    this.frame = 1 / 60;        // s between the screen's refreshes, measured
    this.skews = new Ring(1200);
    this.counts = { received: 0, drawn: 0, dropped: 0, late: 0, broken: 0, hidden: 0 };
    new ResizeObserver(() => this.#paint()).observe(canvas);
    document.addEventListener("visibilitychange", () => { if (!document.hidden && this.unseen) this.#decode(...this.unseen); });
  }

  // The stream begins anew (another server, another clock): what waits is void, what is on the screen stays.
  restart() {
    for (const one of this.waiting) one.bitmap.close();
    this.waiting = [];
    this.currentAt = -Infinity;
    this.generation = (this.generation ?? 0) + 1;
  }

  push(presentAt, bytes, still) {
    this.counts.received += 1;
    if (document.hidden && this.current) {      // nobody looks, nothing is drawn: keep only the newest
      this.unseen = [presentAt, bytes, true];
      this.counts.hidden += 1;
    } else if (this.decoding >= MAX_DECODING) {
      this.counts.dropped += 1;
    } else {
      this.#decode(presentAt, bytes, still);
    }
  }

  async #decode(presentAt, bytes, still) {
    this.unseen = null;
    this.decoding += 1;
    const generation = this.generation;
    try {
      const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
      if (generation === this.generation) this.#insert({ presentAt, bitmap, still });
      else bitmap.close();
    } catch {
      this.counts.broken += 1;
    } finally {
      this.decoding -= 1;
    }
  }

  #insert(picture) {
    if (!picture.still && this.timeline.clock.ready) {
      const now = performance.now() / 1000;
      const slack = this.timeline.due(picture.presentAt) - this.frame - now;
      if (Math.abs(slack) > FAR) picture.still = true;
      else this.timeline.arrived("picture", slack, now);
      if (slack < 0) this.counts.late += 1;
    }
    let place = this.waiting.length;
    while (place > 0 && this.waiting[place - 1].presentAt > picture.presentAt) place -= 1;
    this.waiting.splice(place, 0, picture);
    if (this.waiting.length > MAX_WAITING) this.#drop(this.waiting.shift());
  }

  // Called in each animation frame with its time in s. What is drawn now is seen one refresh later, so the picture
  // to draw is the one whose time is nearest to that.
  draw(start, previous) {
    if (previous) this.#measureFrame(start - previous);
    const seen = start + this.frame;
    const ready = this.timeline.clock.ready;
    let last = -1;
    for (let i = 0; i < this.waiting.length; i += 1) {
      const one = this.waiting[i];
      if (one.still || (ready && this.timeline.due(one.presentAt) <= seen + this.frame / 2)) last = i;
    }
    if (last < 0) return;
    const picture = this.waiting[last];
    for (const one of this.waiting.splice(0, last + 1)) if (one !== picture) this.#drop(one);
    if (picture.still ? this.current && this.currentAt >= picture.presentAt : this.currentAt > picture.presentAt) {
      this.#drop(picture);
      return;
    }
    this.current?.close();
    this.current = picture.bitmap;
    this.currentAt = picture.still ? -Infinity : picture.presentAt;
    this.#paint();
    this.counts.drawn += 1;
    if (!picture.still) {
      const meant = this.timeline.due(picture.presentAt) - this.frame;
      this.skews.push((performance.now() / 1000 - meant) * 1000);
    }
  }

  #drop(picture) {
    picture.bitmap.close();
    this.counts.dropped += 1;
  }

  #measureFrame(interval) {
    if (interval > 0.003 && interval < 0.05) this.frame += (interval - this.frame) * 0.05;
  }

  #paint() {
    if (!this.current) return;
    const { canvas, current, context } = this;
    const ratio = devicePixelRatio || 1;
    const fits = [(canvas.clientWidth * ratio) / current.width, (canvas.clientHeight * ratio) / current.height];
    const scale = Math.min(this.cover ? Math.max(...fits) : Math.min(...fits), MAX_SIDE / Math.max(current.width, current.height));
    const width = Math.max(1, Math.round(current.width * scale));
    const height = Math.max(1, Math.round(current.height * scale));
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    context.imageSmoothingQuality = "high";
    context.drawImage(current, 0, 0, width, height);
  }
}
