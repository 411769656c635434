// The face as the server sends it: a safetensors file (its layout: display/page_face.py), read strictly.

const FORMAT = "talking-head-page/3";
const MAX_HEADER = 1 << 20;
const ARRAYS = { F32: Float32Array, I32: Int32Array, I8: Int8Array, U8: Uint8Array };
const CONSTANTS = ["code_limit", "lip_gap", "row_margin", "lip_margin", "corner_margin", "corner_softness", "feather", "lip_rows"];
const EYES = ["wide", "edge", "skin", "brow", "cheek", "meet", "iris", "side", "down", "hem", "lash", "line", "fine", "near"].map((name) => `eye_${name}`);
export const LAYER = 5;     // numbers that follow every code: lids right and left, gaze x and y, lift

// {face, points, shape, appearance, canvas: {width, height}, texture: {width, height}, roi: {x, y, width, height},
//  constants, tensors}; rest and every code here are as they come over the wire, with the layer's numbers. Throws where anything is missing or does not fit.
export function readModel(buffer) {
  const { tensors, about } = readTensors(buffer);
  need(about.format === FORMAT, `its format is ${about.format}, this page reads ${FORMAT}`);
  const constants = {};
  for (const name of [...CONSTANTS, ...EYES]) {
    need(Number.isFinite(about[name]), `it does not say ${name}`);
    constants[name] = about[name];
  }
  const get = (name, kind, ...shape) => {
    const tensor = tensors[name];
    need(tensor, `${name} is missing`);
    need(tensor.data instanceof kind, `${name} holds ${tensor.data.constructor.name}`);
    need(tensor.shape.length === shape.length && shape.every((n, i) => n === null || n === tensor.shape[i]),
      `${name} has shape ${tensor.shape}`);
    return tensor;
  };
  const [points] = get("shape.mean", Float32Array, null, 2).shape;
  const [shape] = get("shape.modes", Float32Array, null, points, 2).shape;
  const [high, wide] = get("texture.mean", Uint8Array, null, null, 3).shape;
  const [y0, x0, y1, x1] = get("texture.roi", Int32Array, 4).data;
  need(y0 >= 0 && x0 >= 0 && y0 < y1 && x0 < x1 && y1 <= high && x1 <= wide, "texture.roi lies outside the texture");
  const [appearance] = get("texture.modes", Int8Array, null, y1 - y0, x1 - x0, 3).shape;
  get("texture.scale", Float32Array, appearance);
  get("texture.reference", Float32Array, points, 2);
  get("rest", Float32Array, shape + appearance);
  get("page.nudge", Int8Array, points, 2);
  const [height, width] = get("canvas", Int32Array, 2).data;
  const { data: triangles, shape: [count] } = get("triangles", Int32Array, null, 3);
  const [lively] = get("page.lively", Int32Array, 1).data;
  need(lively >= 0 && lively <= count, `page.lively is ${lively}`);
  const rim = get("page.rim", Int32Array, null, 2).data;
  const rows = tensors["mouth.rows"] ? get("mouth.rows", Int32Array, null, null) : { data: new Int32Array(), shape: [0, 0] };
  for (const names of [triangles, rim, rows.data]) need(names.every((name) => name >= 0 && name < points), "it names points that there are not");
  need(points >= 68 && shape >= 1 && appearance >= 1 && appearance <= 64 && width >= 2 && height >= 2, "its sizes are out of range");
  return {
    face: String(about.face),
    points, shape, appearance, lively, constants,
    canvas: { width, height },
    texture: { width: wide, height: high },
    roi: { x: x0, y: y0, width: x1 - x0, height: y1 - y0 },
    rows: { data: rows.data, count: rows.shape[0], length: rows.shape[1] },
    mean: tensors["shape.mean"].data, modes: tensors["shape.modes"].data,
    reference: tensors["texture.reference"].data, nudge: tensors["page.nudge"].data,
    triangles, rim, rest: Float32Array.of(...tensors.rest.data, ...new Float32Array(LAYER)),
    textureMean: tensors["texture.mean"].data, textureModes: tensors["texture.modes"].data, textureScale: tensors["texture.scale"].data,
  };
}

function readTensors(buffer) {
  need(buffer.byteLength > 8, "it is empty");
  const view = new DataView(buffer);
  const length = view.getUint32(0, true);
  need(view.getUint32(4, true) === 0 && length <= MAX_HEADER && 8 + length <= buffer.byteLength, "its header is cut short");
  const header = parsed(new TextDecoder("utf-8").decode(new Uint8Array(buffer, 8, length)));
  const about = parsed(header.__metadata__?.page ?? "{}");
  delete header.__metadata__;
  const tensors = {};
  let end = 0;
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(header)) {
    const kind = ARRAYS[dtype];
    need(kind, `${name} is of unknown type ${dtype}`);
    need(shape.every((n) => Number.isInteger(n) && n >= 0), `${name} has shape ${shape}`);
    const count = shape.reduce((a, b) => a * b, 1);
    need(Number.isInteger(from) && from >= 0 && to - from === count * kind.BYTES_PER_ELEMENT && 8 + length + to <= buffer.byteLength,
      `${name} is cut short`);
    const bytes = buffer.slice(8 + length + from, 8 + length + to);
    tensors[name] = { data: new kind(bytes), shape };
    if (kind === Float32Array) need(tensors[name].data.every(Number.isFinite), `${name} holds what is not a number`);
    end = Math.max(end, to);
  }
  need(8 + length + end === buffer.byteLength, "it has bytes that nothing names");
  return { tensors, about };
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    if (value && typeof value === "object") return value;
  } catch { /* said below */ }
  return need(false, "its header is not JSON");
}

function need(condition, words) {
  if (!condition) throw new Error(`The face's file cannot be used: ${words}.`);
}
