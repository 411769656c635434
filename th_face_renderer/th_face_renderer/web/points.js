// Where the points of a face are: the shape half of a code, as FaceModel.points_of and mesh.Placement have it.

const UPPER = [60, 61, 62, 63, 64];
const LOWER = [60, 67, 66, 65, 64];
const PAIRS = [[61, 67], [62, 66], [63, 65]];   // inner lips, upper and lower
const LEFT = 60, RIGHT = 64;                    // corners of the mouth

const LANDMARKS = 68, ROOM = 0.12, LIFT = 4;                 // the latter in a layer

// x, y of every point of a code in canvas px, lifted by its layer, into `out` (Float64Array of twice the points).
export function pointsOf(model, code, out) {
  const { mean, modes, constants } = model;
  const limit = constants.code_limit, n = mean.length;
  out.set(mean);
  for (let k = 0; k < model.shape; k += 1) {
    const amount = Math.min(limit, Math.max(-limit, code[k]));
    for (let i = 0; i < n; i += 1) out[i] += amount * modes[k * n + i];
  }
  for (const [upper, lower] of PAIRS) {
    const lack = Math.max(out[2 * upper + 1] + constants.lip_gap - out[2 * lower + 1], 0) / 2;
    out[2 * upper + 1] -= lack;
    out[2 * lower + 1] += lack;
  }
  if (model.rows.count) arrangeMouth(model, out);
  const lift = (code[model.shape + model.appearance + LIFT] || 0) * model.canvas.height;
  if (lift) {
    for (let i = 0; i < LANDMARKS; i += 1) out[2 * i + 1] -= lift;
    for (const name of model.rows.data) out[2 * name + 1] -= lift;
  }
  return out;
}

// Teeth stay between the lips and the corners: face_model.arrange_mouth.
function arrangeMouth({ rows, constants }, points) {
  const line = (names) => names.map((name) => [points[2 * name], points[2 * name + 1]]);
  const upper = line(UPPER), lower = line(LOWER);
  const x = betweenCorners(Array.from(rows.data, (name) => points[2 * name]), points[2 * LEFT], points[2 * RIGHT], constants);
  for (let column = 0; column < rows.length; column += 1) {
    let above = -Infinity;
    for (let row = 0; row < rows.count; row += 1) {
      const at = row * rows.length + column, name = rows.data[at];
      let top = interpolate(x[at], upper);
      const bottom = Math.max(interpolate(x[at], lower), top), gap = bottom - top;
      top = Math.max(top, above);
      const lowest = bottom - (constants.lip_margin + (rows.count - 1 - row) * constants.row_margin) * gap;
      const y = Math.min(Math.max(points[2 * name + 1], Math.min(top + constants.row_margin * gap, lowest)), lowest);
      points[2 * name] = x[at];
      points[2 * name + 1] = above = y;
    }
  }
}

function betweenCorners(x, left, right, { corner_margin, corner_softness }) {
  const low = Math.min(...x), high = Math.max(...x);
  const margin = corner_margin * (right - left), soft = corner_softness * (right - left);
  const first = softMaximum(low, left + margin, soft);
  const last = Math.max(first, -softMaximum(-high, margin - right, soft));
  return x.map((place) => first + (place - low) * ((last - first) / Math.max(high - low, 1e-6)));
}

function softMaximum(one, other, soft) {
  const overlap = Math.max(soft - Math.abs(one - other), 0);
  return Math.max(one, other) + (overlap ? (overlap * overlap) / (4 * soft) : 0);
}

function interpolate(x, line) {
  if (x <= line[0][0]) return line[0][1];
  for (let i = 1; i < line.length; i += 1) {
    const [x0, y0] = line[i - 1], [x1, y1] = line[i];
    if (x < x1) return y0 + ((x - x0) * (y1 - y0)) / (x1 - x0);
  }
  return line[line.length - 1][1];
}

// Canvas to picture, {x: [scale, offset], y: [scale, offset]}: centred, as large as it fits; borders below a pixel are
// stretched away. The centres of the outermost pixels coincide. With `cover` it fills the screen instead, as far as the face
// stays whole, and what is cut off lies around the face.
export function placement(model, width, height, cover = false) {
  const { canvas } = model, rooms = [width - 1, height - 1], sides = [canvas.width - 1, canvas.height - 1];
  const fits = sides.map((side, i) => rooms[i] / side), faces = [0, 1].map((axis) => extent(model, axis));
  let even = Math.min(...fits);
  if (cover) even = Math.max(even, Math.min(Math.max(...fits), ...faces.map(([low, high], i) => rooms[i] / (high - low))));
  const [x, y] = sides.map((side, i) => {
    const spare = rooms[i] - even * side, middle = (faces[i][0] + faces[i][1]) / 2;
    if (spare < -2) return [even, Math.min(0, Math.max(spare, rooms[i] / 2 - even * middle))];
    return spare < 2 ? [fits[i], 0] : [even, spare / 2];
  });
  return { x, y };
}

// From where to where the face reaches along an axis, with some room around it.
function extent({ mean }, axis) {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < LANDMARKS; i += 1) {
    low = Math.min(low, mean[2 * i + axis]);
    high = Math.max(high, mean[2 * i + axis]);
  }
  return [low - ROOM * (high - low), high + ROOM * (high - low)];
}
