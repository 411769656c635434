// A code to a picture on a canvas, on the graphics card: what FaceDecoder.render does.
//
// The model's mean and modes go to the card once. For each code: its texture, the texture over the triangles, the mouth's
// opening again with several rows per pixel, all softened along the outline, and lids and gaze over it. Around the face the canvas is transparent.

import { Eyes } from "./eyes.js";
import { Frame, makeBuffer, makeProgram, useBuffer, useTexture } from "./gl.js";
import { placement, pointsOf } from "./points.js";
import { Rim } from "./rim.js";
import { EVERYWHERE, MESH, MESH_PLACE, ROWS } from "./shaders.js";
import { Texels } from "./texels.js";

const LIPS = [60, 61, 62, 63, 64, 65, 66, 67];  // inner
const MARGIN = 1;                               // px around them
const SPARE = 16;                               // px that a frame for the lips has more than it needs, so that it lasts
const OPTIONS = { alpha: true, antialias: false, depth: false, stencil: false, premultipliedAlpha: true };

export function context(canvas) { return canvas.getContext("webgl2", OPTIONS); }

export class Painter {
  // gl: a context of its own. cover: fill it, rather than show the whole portrait. Throws where the card cannot take the model.
  constructor(gl, model, { cover = false } = {}) {
    const { points, triangles, reference, texture, appearance } = model;
    const most = Math.max(texture.width, texture.height);
    if (most > gl.getParameter(gl.MAX_TEXTURE_SIZE) || appearance > gl.getParameter(gl.MAX_ARRAY_TEXTURE_LAYERS) || points > 65535) {
      throw new Error(`The graphics card cannot take this face: ${appearance} modes of ${texture.width} x ${texture.height} px.`);
    }
    Object.assign(this, { gl, model, cover, width: 0, height: 0 });
    this.canvasPoints = new Float64Array(2 * points);
    this.places = new Float32Array(2 * points);
    this.order = new Uint16Array(triangles.length);
    this.grid = 2 ** -gl.getParameter(gl.SUBPIXEL_BITS);   // px: the card rounds corners to these
    gl.disable(gl.DITHER);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.clearColor(0, 0, 0, 0);
    this.texels = new Texels(gl, model);
    this.rim = new Rim(gl, model);
    this.eyes = new Eyes(gl, model);
    this.mesh = makeProgram(gl, MESH_PLACE, MESH, ["place", "target"]);
    this.rows = makeProgram(gl, EVERYWHERE, ROWS);
    this.tall = new Frame(gl, gl.RGBA8, gl.NEAREST);
    const targets = Float32Array.from(reference, (place, i) => (place + 0.5) / (i % 2 ? texture.height : texture.width));
    this.targetBuffer = makeBuffer(gl, gl.ARRAY_BUFFER, targets, gl.STATIC_DRAW);
    this.placeBuffer = makeBuffer(gl, gl.ARRAY_BUFFER, this.places.byteLength, gl.DYNAMIC_DRAW);
    this.orderBuffer = makeBuffer(gl, gl.ELEMENT_ARRAY_BUFFER, this.order.byteLength, gl.DYNAMIC_DRAW);
    const error = gl.getError();
    if (error !== gl.NO_ERROR) throw new Error(`The graphics card does not take this face (error ${error}).`);
  }

  // Draw a code over the whole canvas.
  paint(code) {
    const { gl, model, places } = this, { width, height } = gl.canvas;
    if (width !== this.width || height !== this.height) this.#resize(width, height);
    this.#place(code, places);
    this.texels.set(code);
    this.rim.set(places);
    const count = this.#arrange();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.placeBuffer);
    // A pixel whose centre is exactly on the outline belongs to the face.
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, places.map((place, i) => place + model.nudge[i] * this.grid));
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, width, height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    this.#drawMesh(count, [2 / width, -2 / height, 1 / width - 1, 1 - 1 / height], height);
    this.#drawLips(count, model.constants.lip_rows);
    this.eyes.draw(places, code.slice(model.shape + model.appearance), width, height);
  }

  #resize(width, height) {
    const { model } = this;
    Object.assign(this, { width, height, placed: placement(model, width, height, this.cover) });
    const mean = this.#place(new Float32Array(model.rest.length), new Float32Array(this.places.length));
    const seen = Math.max(doubleArea(mean, model.triangles), 1e-9);
    this.texels.fit(Math.sqrt(doubleArea(model.reference, model.triangles) / seen));
    this.rim.resize(width, height, mean);
  }

  // Places of a code's points in the picture, px, into `out`.
  #place(code, out) {
    const { canvasPoints, placed: { x, y } } = this;
    pointsOf(this.model, code, canvasPoints);
    for (let i = 0; i < out.length; i += 2) {
      out[i] = canvasPoints[i] * x[0] + x[1];
      out[i + 1] = canvasPoints[i + 1] * y[0] + y[1];
    }
    return out;
  }

  // Names of the triangles' corners for those that show their front; returns how many. Where some show their back, the
  // larger is on top: slivers between closed lips vanish below the lips.
  #arrange() {
    const { gl, places, order, model: { triangles, lively } } = this;
    const front = [];
    let back = false, count = 0;
    for (let t = 0; t < triangles.length; t += 3) {
      const area = areaOf(places, triangles, t);
      if (area > 0) front.push({ t, area: t < 3 * lively ? area : Infinity });
      back ||= area < 0;
    }
    if (back) front.sort((one, two) => (one.area === two.area ? one.t - two.t : one.area - two.area));
    for (const { t } of front) for (let i = 0; i < 3; i += 1) order[count++] = triangles[t + i];
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.orderBuffer);
    gl.bufferSubData(gl.ELEMENT_ARRAY_BUFFER, 0, order, 0, count);
    return count;
  }

  // height: the screen's, where the outline is to be softened; else 0.
  #drawMesh(count, view, height) {
    const { gl, mesh: { program, uniforms } } = this;
    gl.useProgram(program);
    gl.uniform4fv(uniforms.view, view);
    gl.uniform1i(uniforms.height, height);
    useTexture(gl, 0, gl.TEXTURE_2D, this.texels.texture, uniforms.image);
    useTexture(gl, 1, gl.TEXTURE_2D, this.rim.texture, uniforms.mask);
    useBuffer(gl, 0, this.placeBuffer, 2);
    useBuffer(gl, 1, this.targetBuffer, 2);
    gl.drawElements(gl.TRIANGLES, count, gl.UNSIGNED_SHORT, 0);
  }

  // Between closed lips the mouth's inside is half a pixel high: there every pixel is the mean of several rows.
  #drawLips(count, rows) {
    const { gl, places, tall, width, height, rows: { program, uniforms } } = this;
    const x = LIPS.map((name) => places[2 * name]), y = LIPS.map((name) => places[2 * name + 1]);
    const left = Math.max(Math.floor(Math.min(...x)) - MARGIN, 0), top = Math.max(Math.floor(Math.min(...y)) - MARGIN, 0);
    const wide = Math.min(Math.floor(Math.max(...x)) + MARGIN + 2, width) - left;
    const high = Math.min(Math.floor(Math.max(...y)) + MARGIN + 2, height) - top;
    if (wide < 1 || high < 1) return;
    if (wide > tall.width || high * rows > tall.height) {
      tall.resize(Math.max(tall.width, wide + SPARE), Math.max(tall.height, (high + SPARE) * rows));
    }
    tall.target();
    gl.clear(gl.COLOR_BUFFER_BIT);
    const [sx, sy] = [2 / tall.width, 2 / tall.height];
    this.#drawMesh(count, [sx, rows * sy, (0.5 - left) * sx - 1, (rows / 2 - rows * top) * sy - 1], 0);

    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, width, height);
    gl.useProgram(program);
    gl.uniform2i(uniforms.corner, left, top);
    gl.uniform1i(uniforms.height, height);
    gl.uniform1i(uniforms.rows, rows);
    useTexture(gl, 0, gl.TEXTURE_2D, tall.texture, uniforms.image);
    useTexture(gl, 1, gl.TEXTURE_2D, this.rim.texture, uniforms.mask);
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(left, height - top - high, wide, high);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.disable(gl.SCISSOR_TEST);
  }
}

function areaOf(points, triangles, t) {
  const [a, b, c] = [2 * triangles[t], 2 * triangles[t + 1], 2 * triangles[t + 2]];
  return (points[b] - points[a]) * (points[c + 1] - points[a + 1]) - (points[b + 1] - points[a + 1]) * (points[c] - points[a]);
}

function doubleArea(points, triangles) {
  let sum = 0;
  for (let t = 0; t < triangles.length; t += 3) sum += areaOf(points, triangles, t);
  return sum;
}
