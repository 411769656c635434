// The texture of a code: mean + sum of lambda * mode, drawn on the graphics card; smaller where the picture is small.

import { Frame, makeProgram, makeTexture, useTexture } from "./gl.js";
import { EVERYWHERE, SHRINK, TEXELS } from "./shaders.js";

const MIN_SHRINK = 2;       // below half its resolution the texture is made smaller first, against aliasing

export class Texels {
  constructor(gl, model) {
    const { texture, roi, appearance, textureMean, textureModes } = model;
    Object.assign(this, { gl, model });
    this.mean = makeTexture(gl, gl.TEXTURE_2D, gl.NEAREST);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGB8UI, texture.width, texture.height);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, texture.width, texture.height, gl.RGB_INTEGER, gl.UNSIGNED_BYTE, textureMean);
    this.modes = makeTexture(gl, gl.TEXTURE_2D_ARRAY, gl.NEAREST);
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, gl.RGB8I, roi.width, roi.height, appearance);
    gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, 0, roi.width, roi.height, appearance, gl.RGB_INTEGER, gl.BYTE, textureModes);
    this.sum = makeProgram(gl, EVERYWHERE, TEXELS);
    this.shrink = makeProgram(gl, EVERYWHERE, SHRINK);
    this.full = new Frame(gl, gl.RGBA8, gl.LINEAR);
    this.full.resize(texture.width, texture.height);
    this.small = new Frame(gl, gl.RGBA8, gl.LINEAR);
    this.small.resize(2, 2);
    this.shrinks = false;
    this.#draw(null);
  }

  // What to draw with.
  get texture() { return (this.shrinks ? this.small : this.full).texture; }

  // The picture shows the texture `shrink` times smaller than it is.
  fit(shrink) {
    this.shrinks = shrink >= MIN_SHRINK;
    if (!this.shrinks) return;
    const side = (length) => Math.max(2, Math.round(length / shrink));
    this.small.resize(side(this.full.width), side(this.full.height));
  }

  set(code) {
    this.#draw(code);
    if (!this.shrinks) return;
    const { gl, full, small, shrink: { program, uniforms } } = this;
    gl.useProgram(program);
    small.target();
    useTexture(gl, 0, gl.TEXTURE_2D, full.texture, uniforms.image);
    gl.uniform2f(uniforms.step, full.width / small.width, full.height / small.height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  // Of a code, where codes change it; of the mean, everywhere, for null.
  #draw(code) {
    const { gl, full, mean, modes, sum: { program, uniforms } } = this;
    const { roi, shape, appearance, textureScale, constants: { code_limit: limit } } = this.model;
    gl.useProgram(program);
    full.target();
    gl.uniform1i(uniforms.count, code ? appearance : 0);
    gl.uniform2i(uniforms.corner, roi.x, roi.y);
    useTexture(gl, 0, gl.TEXTURE_2D, mean, uniforms.mean);
    useTexture(gl, 1, gl.TEXTURE_2D_ARRAY, modes, uniforms.modes);
    if (code) {
      const weights = textureScale.map((scale, k) => scale * Math.min(limit, Math.max(-limit, code[shape + k])));
      gl.uniform1fv(uniforms.weights, weights);
      gl.enable(gl.SCISSOR_TEST);
      gl.scissor(roi.x, roi.y, roi.width, roi.height);
    }
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.disable(gl.SCISSOR_TEST);
  }
}
