// The outline of the face fades into what is behind it: a mask of the picture, 1 and less towards the outline.

import { Frame, makeBuffer, makeProgram, useBuffer } from "./gl.js";
import { RIM, RIM_PLACE } from "./shaders.js";

const STILL = 1e-4;         // px per sd; a point that moves less never moves
const ON_IT = 1 / 8192;     // px
const CORNERS = [[0, 0], [1, 0], [0, 1], [0, 1], [1, 0], [1, 1]];

export class Rim {
  constructor(gl, model) {
    Object.assign(this, { gl, model, edges: [], moves: model.rim.some((name) => movesAt(model, name)) });
    this.program = makeProgram(gl, RIM_PLACE, RIM, ["place", "ends"]);
    this.mask = new Frame(gl, gl.R8, gl.NEAREST);
    this.buffer = makeBuffer(gl, gl.ARRAY_BUFFER, 24, gl.DYNAMIC_DRAW);
  }

  get texture() { return this.mask.texture; }

  // Another size of picture; places of the points at code 0, px.
  resize(width, height, places) {
    this.mask.resize(width, height);
    this.edges = visibleEdges(this.model.rim, places, width, height);
    this.#draw(places);
  }

  set(places) {
    if (this.moves && this.edges.length) this.#draw(places);
  }

  #draw(places) {
    const { gl, edges, mask, program: { program, uniforms }, model: { constants: { feather } } } = this;
    mask.target();
    gl.clearColor(1, 1, 1, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.clearColor(0, 0, 0, 0);
    if (!edges.length || !(feather > 0)) return;
    const corners = [];
    for (const edge of edges) {
      const ends = edge.flatMap((name) => [places[2 * name], places[2 * name + 1]]);
      const x = [Math.min(ends[0], ends[2]) - feather - 1, Math.max(ends[0], ends[2]) + feather + 1];
      const y = [Math.min(ends[1], ends[3]) - feather - 1, Math.max(ends[1], ends[3]) + feather + 1];
      for (const [i, j] of CORNERS) corners.push(x[i], y[j], ...ends);
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(corners), gl.DYNAMIC_DRAW);
    gl.useProgram(program);
    gl.uniform2f(uniforms.size, mask.width, mask.height);
    gl.uniform1f(uniforms.feather, feather);
    useBuffer(gl, 0, this.buffer, 2, 24, 0);
    useBuffer(gl, 1, this.buffer, 4, 24, 8);
    gl.enable(gl.BLEND);
    gl.blendEquation(gl.MIN);
    gl.drawArrays(gl.TRIANGLES, 0, corners.length / 6);
    gl.disable(gl.BLEND);
  }
}

// Pairs of points: the edges beyond which a pixel's centre can be seen.
function visibleEdges(rim, places, width, height) {
  const edges = [];
  for (let e = 0; e < rim.length; e += 2) {
    const beyond = [width - 1, height - 1].some((most, axis) => {
      const [a, b] = [places[2 * rim[e] + axis], places[2 * rim[e + 1] + axis]];
      return Math.max(a, b) <= ON_IT || Math.min(a, b) >= most - ON_IT;
    });
    if (!beyond) edges.push([rim[e], rim[e + 1]]);
  }
  return edges;
}

function movesAt({ modes, points, shape }, name) {
  for (let k = 0; k < shape; k += 1) {
    const at = 2 * (k * points + name);
    if (Math.abs(modes[at]) > STILL || Math.abs(modes[at + 1]) > STILL) return true;
  }
  return false;
}
