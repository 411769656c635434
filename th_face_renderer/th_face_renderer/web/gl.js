// A little help with WebGL2.

export function makeProgram(gl, vertex, fragment, attributes = []) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  attributes.forEach((name, place) => gl.bindAttribLocation(program, place, name));
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    const words = gl.isContextLost() ? "it was lost" : gl.getAttachedShaders(program).map((one) => gl.getShaderInfoLog(one)).join("");
    throw new Error(`The graphics card does not take a shader: ${words || gl.getProgramInfoLog(program)}.`);
  }
  const uniforms = {};
  for (let i = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS) - 1; i >= 0; i -= 1) {
    const name = gl.getActiveUniform(program, i).name.replace("[0]", "");
    uniforms[name] = gl.getUniformLocation(program, name);
  }
  return { program, uniforms };
}

export function makeTexture(gl, target, filter) {
  const texture = gl.createTexture();
  gl.bindTexture(target, texture);
  gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, filter);
  gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, filter);
  gl.texParameteri(target, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(target, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  return texture;
}

// contents: an array, or how many bytes.
export function makeBuffer(gl, target, contents, usage) {
  const buffer = gl.createBuffer();
  gl.bindBuffer(target, buffer);
  gl.bufferData(target, contents, usage);
  return buffer;
}

// For the program in use: a texture through a unit.
export function useTexture(gl, unit, target, texture, uniform) {
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(target, texture);
  gl.uniform1i(uniform, unit);
}

// Numbers of a buffer, `size` per corner.
export function useBuffer(gl, place, buffer, size, stride = 0, offset = 0) {
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.enableVertexAttribArray(place);
  gl.vertexAttribPointer(place, size, gl.FLOAT, false, stride, offset);
}

// A picture that can be drawn to and read from; `resize` makes it anew if it has another size.
export class Frame {
  constructor(gl, format, filter) {
    Object.assign(this, { gl, format, filter, width: 0, height: 0 });
    this.buffer = gl.createFramebuffer();
  }

  resize(width, height) {
    if (this.width === width && this.height === height) return;
    const { gl } = this;
    gl.deleteTexture(this.texture ?? null);
    this.texture = makeTexture(gl, gl.TEXTURE_2D, this.filter);
    gl.texStorage2D(gl.TEXTURE_2D, 1, this.format, width, height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.buffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.texture, 0);
    Object.assign(this, { width, height });
  }

  // Draw to it from now on.
  target() {
    this.gl.bindFramebuffer(this.gl.FRAMEBUFFER, this.buffer);
    this.gl.viewport(0, 0, this.width, this.height);
  }
}
