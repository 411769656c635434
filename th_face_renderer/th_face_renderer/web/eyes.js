// Lids and gaze over a face that is drawn, around each eye and nowhere else: eyes.py, on the graphics card.

import { Frame, makeProgram, useTexture } from "./gl.js";
import { EVERYWHERE, EYE } from "./shaders.js";

const LID_RIGHT = 0, LID_LEFT = 1, GAZE_X = 2, GAZE_Y = 3;   // of a layer
const NAMES = [   // landmarks of the eye on the left of the picture and of the other, each from left to right
  { lid: LID_RIGHT, outer: 36, upper: [37, 38], inner: 39, lower: [41, 40], brow: [17, 18, 19, 20, 21] },
  { lid: LID_LEFT, outer: 42, upper: [43, 44], inner: 45, lower: [47, 46], brow: [22, 23, 24, 25, 26] },
];
const LEAST = 4, FAR = 1e5;   // px
const SPARE = 16;   // px that the copy has more than it needs, so that it lasts

const within = (value, low, high) => Math.min(Math.max(value || 0, low), high);

export class Eyes {
  constructor(gl, model) {
    Object.assign(this, { gl, constants: model.constants });
    this.program = makeProgram(gl, EVERYWHERE, EYE);
    this.copy = new Frame(gl, gl.RGBA8, gl.LINEAR);
    this.copy.resize(2, 2);
  }

  // places: x, y of the points on the screen, where the face is drawn already. layer: as it comes after a code.
  draw(places, layer, width, height) {
    for (const names of NAMES) {
      const lid = within(layer[names.lid], 0, 1), x = within(layer[GAZE_X], -1, 1), y = within(layer[GAZE_Y], -1, 1);
      if (!lid && !x && !y) continue;
      const eye = eyeOf(places, names, this.constants);
      if (eye) this.#touch({ ...eye, lid, side: x * this.constants.eye_side, down: y * this.constants.eye_down * eye.width }, width, height);
    }
  }

  #touch(eye, width, height) {
    const { gl, copy, constants, program: { program, uniforms } } = this;
    const { left, top, wide, high } = rectangle(eye, constants, width, height);
    if (wide < 2 || high < 2) return;
    if (wide > copy.width || high > copy.height) copy.resize(Math.max(copy.width, wide + SPARE), Math.max(copy.height, high + SPARE));
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, width, height);
    gl.useProgram(program);
    useTexture(gl, 0, gl.TEXTURE_2D, copy.texture, uniforms.image);
    gl.copyTexSubImage2D(gl.TEXTURE_2D, 0, 0, 0, left, height - top - high, wide, high);
    gl.uniform4f(uniforms.area, left, top, wide, high);
    gl.uniform2f(uniforms.whole, copy.width, copy.height);
    gl.uniform1i(uniforms.height, height);
    gl.uniform4f(uniforms.place, eye.x, eye.y, eye.ex, eye.ey);
    gl.uniform1f(uniforms.width, eye.width);
    gl.uniform4f(uniforms.lids, ...eye.upper, ...eye.lower);
    gl.uniform4f(uniforms.wish, eye.skin, eye.lid, eye.side, eye.down);
    for (const name of ["cheek", "meet", "iris", "hem", "lash", "line", "fine", "near"]) gl.uniform1f(uniforms[name], constants[`eye_${name}`]);
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(left, height - top - high, wide, high);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.disable(gl.SCISSOR_TEST);
  }
}

// The frame of an eye and the edges of its lids; null where the landmarks make no eye.
function eyeOf(places, names, constants) {
  const point = (name) => [places[2 * name], places[2 * name + 1]];
  const used = [names.outer, ...names.upper, names.inner, ...names.lower, ...names.brow];
  if (!used.every((name) => point(name).every((part) => Math.abs(part) < FAR))) return null;
  const [ax, ay] = point(names.outer), [bx, by] = point(names.inner);
  const wide = constants.eye_wide, [dx, dy] = [bx - ax, by - ay];
  const [x, y] = [ax - wide * dx, ay - wide * dy], width = (1 + 2 * wide) * Math.hypot(dx, dy);
  if (width < LEAST) return null;
  const [ex, ey] = [(1 + 2 * wide) * dx / width, (1 + 2 * wide) * dy / width];
  const place = (name) => {
    const [px, py] = point(name);
    return [((px - x) * ex + (py - y) * ey) / width, (py - y) * ex - (px - x) * ey];
  };
  const above = names.upper.map(place), upper = through(...above), lower = through(...names.lower.map(place));
  const brow = names.brow.reduce((sum, name) => sum + place(name)[1], 0) / names.brow.length;
  const room = constants.eye_brow * ((above[0][1] + above[1][1]) / 2 - brow);
  return {
    x, y, ex, ey, width, lower,
    upper: [upper[0] - 4 * constants.eye_edge * width, upper[1]],
    skin: Math.min(Math.max(room, 0.05 * width), constants.eye_skin * width),
  };
}

// c0, c1 of the curve s (1 - s) (c0 + c1 s) through two points.
function through(one, two) {
  const [s1, s2] = [one, two].map(([s]) => within(s, 0.1, 0.9));
  const k1 = one[1] / (s1 * (1 - s1)), k2 = two[1] / (s2 * (1 - s2));
  if (s2 - s1 < 0.1) return [(k1 + k2) / 2, 0];
  const slope = (k2 - k1) / (s2 - s1);
  return [k1 - slope * s1, slope];
}

function rectangle(eye, constants, width, height) {
  const curve = ([c0, c1], s) => s * (1 - s) * (c0 + c1 * s), quarters = [0.25, 0.5, 0.75];
  const skin = eye.lid || eye.down > 0 ? eye.skin : 0, cheek = eye.lid || eye.down < 0 ? constants.eye_cheek * eye.width : 0;
  const highest = Math.min(0, ...quarters.map((s) => curve(eye.upper, s))) - skin - 2;
  const lowest = Math.max(0, ...quarters.map((s) => curve(eye.lower, s))) + cheek + 2;
  const corners = [[0, highest], [0, lowest], [eye.width, highest], [eye.width, lowest]];
  const x = corners.map(([along, t]) => eye.x + along * eye.ex - t * eye.ey);
  const y = corners.map(([along, t]) => eye.y + along * eye.ey + t * eye.ex);
  const left = within(Math.floor(Math.min(...x)), 0, width), top = within(Math.floor(Math.min(...y)), 0, height);
  const right = within(Math.floor(Math.max(...x)) + 2, left, width), bottom = within(Math.floor(Math.max(...y)) + 2, top, height);
  return { left, top, wide: right - left, high: bottom - top };
}
