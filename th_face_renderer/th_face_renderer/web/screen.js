// Where the face appears: codes that this page draws itself, or, where that cannot be, pictures.

import { Codes } from "./codes.js";
import { readModel } from "./model.js";
import { context, Painter } from "./painter.js";
import { Pictures } from "./pictures.js";

const PATIENCE = 3;     // s that a lost graphics card has to come back
const EYES = [36, 39, 42, 45];   // landmarks: their corners
const FAR_LOOK = 0.45;  // of the portrait's height, from the eyes: beyond, they can look no farther
const TRIES = 3;        // for the face's file, a second apart

export class Screen {
  // file: the name of the face's file, "" where there is none. wish: "pictures" or "codes" (or nothing).
  // cover: fill the screen, as far as the face stays whole. onlook() is called when what the server should send has changed.
  constructor(canvas, timeline, { file, wish, cover, onlook }) {
    Object.assign(this, { canvas, timeline, cover, onlook, file: "", face: "", why: "" });
    const gl = file && wish !== "pictures" ? context(canvas) : null;
    if (gl) {
      this.gl = gl;
      this.drawer = new Codes(canvas, timeline);
      this.#watch(canvas);
      this.show(file);
    } else {
      this.why = wish === "pictures" ? "asked for" : file ? "no WebGL2" : "no face";
      this.drawer = new Pictures(canvas, timeline, cover);
    }
  }

  // What the server should send: "codes" or "pictures".
  get look() { return this.gl ? "codes" : "pictures"; }

  // The server has this face's file ("" for none): fetch it, unless it is the one that is here.
  async show(file) {
    if (!this.gl || file === this.file) return;
    const tag = Number.parseInt(/^face-([0-9a-f]{8})/.exec(file)?.[1], 16);
    Object.assign(this, { file, tag, model: null });
    if (!file) { this.#giveUp("no face"); return; }
    this.drawer.restart();
    this.drawer.take(null);
    try {
      const model = readModel(await fetched(file));
      if (file !== this.file) return;
      this.model = model;
      this.#prepare();
    } catch (error) {
      if (file === this.file) this.#giveUp(error.message);
    }
  }

  picture(presentAt, bytes, still) {
    if (!this.gl) this.drawer.push(presentAt, bytes, still);
  }

  // A code of another face, or of another length, is not drawn.
  code(presentAt, tag, code, still) {
    if (!this.gl) return;
    const length = this.model ? this.model.rest.length : code.length;
    if (tag !== this.tag || code.length !== length || !code.every(Number.isFinite)) {
      this.drawer.counts.broken += 1;
    } else {
      this.drawer.push(presentAt, code, still);
    }
  }

  restart() { this.drawer.restart(); }

  draw(start, previous) { this.drawer.draw(start, previous); }

  // Where the face must look to look at a place of the page (px): gaze to the right and down, -1 to 1.
  aim(x, y) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect(), { painter } = this.drawer;
    let from = [0.5 * width, 0.4 * height], side = Math.min(width, height);     // where nothing is known of the portrait
    if (painter?.placed) {
      const { mean, canvas } = painter.model, { x: across, y: down } = painter.placed;
      const [eyeX, eyeY] = [0, 1].map((axis) => EYES.reduce((sum, name) => sum + mean[2 * name + axis], 0) / EYES.length);
      from = [((across[0] * eyeX + across[1]) / painter.width) * width, ((down[0] * eyeY + down[1]) / painter.height) * height];
      side = ((down[0] * canvas.height) / painter.height) * height;
    }
    return [x - left - from[0], y - top - from[1]].map((way) => Math.min(1, Math.max(-1, way / (FAR_LOOK * side))));
  }

  #prepare() {
    if (!this.model || this.gl.isContextLost()) return;
    this.drawer.take(new Painter(this.gl, this.model, { cover: this.cover }));
    this.face = this.model.face;
  }

  #watch(canvas) {
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();     // or it would not come back
      this.drawer.painter = null;
      this.timer = setTimeout(() => this.#giveUp("the graphics card was lost"), PATIENCE * 1000);
    });
    canvas.addEventListener("webglcontextrestored", () => {
      clearTimeout(this.timer);
      try { this.#prepare(); } catch (error) { this.#giveUp(error.message); }
    });
  }

  // Pictures from now on. A canvas that had WebGL can have nothing else: a new one takes its place.
  #giveUp(why) {
    if (!this.gl) return;
    this.drawer.close();
    const canvas = this.canvas.cloneNode();
    this.canvas.replaceWith(canvas);
    Object.assign(this, { canvas, gl: null, model: null, face: "", why, drawer: new Pictures(canvas, this.timeline, this.cover) });
    this.onlook();
  }
}

async function fetched(file) {
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(file).catch(() => null);
    if (answer?.ok) return answer.arrayBuffer();
    if (tries >= TRIES) throw new Error(`the face's file cannot be fetched (${answer?.status ?? "no answer"})`);
    await new Promise((done) => { setTimeout(done, 1000); });
  }
}
