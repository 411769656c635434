// What the graphics card runs. Pictures of the face's own frame have their first row first; the screen's has it last.

const PRECISION = "#version 300 es\nprecision highp float;\nprecision highp int;\n";

// A triangle that covers everything.
export const EVERYWHERE = `${PRECISION}
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0, 1); }`;

// Texture of a code: mean + sum of weight * mode, in whole levels. B, G, R in the model, R, G, B here.
export const TEXELS = `${PRECISION}
uniform highp usampler2D mean;
uniform highp isampler2DArray modes;
uniform ivec2 corner;
uniform int count;
uniform float weights[64];
out vec4 colour;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec3 level = vec3(texelFetch(mean, at, 0).rgb);
  for (int k = 0; k < count; k += 1) level += weights[k] * vec3(texelFetch(modes, ivec3(at - corner, k), 0).rgb);
  colour = vec4(clamp(floor(level + 0.5), 0.0, 255.0).bgr / 255.0, 1);
}`;

// The texture smaller: each texel the mean of the area that it covers.
export const SHRINK = `${PRECISION}
uniform sampler2D image;
uniform vec2 step;
out vec4 colour;
void main() {
  vec2 low = floor(gl_FragCoord.xy) * step, high = low + step;
  ivec2 last = min(ivec2(ceil(high)), textureSize(image, 0));
  vec4 sum = vec4(0);
  float area = 0.0;
  for (int y = int(low.y); y < last.y; y += 1) {
    for (int x = int(low.x); x < last.x; x += 1) {
      vec2 part = min(high, vec2(x + 1, y + 1)) - max(low, vec2(x, y));
      sum += part.x * part.y * texelFetch(image, ivec2(x, y), 0);
      area += part.x * part.y;
    }
  }
  colour = sum / area;
}`;

// The texture over the triangles. view takes places (px, y down) to the frame that is drawn to.
export const MESH_PLACE = `${PRECISION}
uniform vec4 view;
in vec2 place, target;
out vec2 at;
void main() {
  at = target;
  gl_Position = vec4(place * view.xy + view.zw, 0, 1);
}`;
export const MESH = `${PRECISION}
uniform sampler2D image, mask;
uniform int height;   // of the screen; 0 where the outline does not matter
in vec2 at;
out vec4 colour;
void main() {
  float opacity = height > 0 ? texelFetch(mask, ivec2(gl_FragCoord.x, height - 1 - int(gl_FragCoord.y)), 0).r : 1.0;
  colour = vec4(texture(image, at).rgb * opacity, opacity);
}`;

// The mean of several rows per pixel.
export const ROWS = `${PRECISION}
uniform sampler2D image, mask;
uniform ivec2 corner;   // left, top
uniform int height, rows;
out vec4 colour;
void main() {
  ivec2 pixel = ivec2(gl_FragCoord.x, height - 1 - int(gl_FragCoord.y)), from = pixel - corner;
  vec4 sum = vec4(0);
  for (int k = 0; k < rows; k += 1) sum += texelFetch(image, ivec2(from.x, from.y * rows + k), 0);
  colour = sum / float(rows) * texelFetch(mask, pixel, 0).r;
}`;

// How opaque the face is along an edge of its outline: 0 on it, 1 \`feather\` px inside.
export const RIM_PLACE = `${PRECISION}
uniform vec2 size;
in vec2 place;
in vec4 ends;
flat out vec4 edge;
void main() {
  edge = ends;
  gl_Position = vec4((place + 0.5) * 2.0 / size - 1.0, 0, 1);
}`;
export const RIM = `${PRECISION}
uniform float feather;
flat in vec4 edge;
out vec4 opacity;
void main() {
  vec2 along = edge.zw - edge.xy, from = gl_FragCoord.xy - 0.5 - edge.xy;
  float share = dot(from, along) / max(dot(along, along), 1e-12);
  float distance = length(from - clamp(share, 0.0, 1.0) * along);
  if (distance >= feather) discard;
  bool outside = share > 0.0 && share < 1.0 && along.x * from.y - along.y * from.x < 0.0;
  opacity = vec4(outside ? 0.0 : distance / feather);
}`;

// An eye's lids and gaze: eyes.py says what is done and why.
export const EYE = `${PRECISION}
uniform sampler2D image;      // what is in the rectangle now
uniform vec4 area;            // the rectangle: left, top, width, height, in px
uniform vec2 whole;           // size of image
uniform int height;           // of the screen
uniform vec4 place;           // corner of the eye, direction of s
uniform float width;
uniform vec4 lids;            // coefficients of the upper and the lower edge
uniform vec4 wish;            // skin, lid, side, down
uniform float cheek, meet, iris, hem, lash, line, fine, near;
out vec4 colour;

vec4 at(float s, float t) {
  float along = s * width;
  vec2 point = place.xy + vec2(along * place.z - t * place.w, along * place.w + t * place.z) - area.xy;
  point = clamp(point, vec2(0), area.zw - 1.0);
  return texture(image, vec2(point.x + 0.5, area.w - 0.5 - point.y) / whole);
}

void main() {
  vec2 from = vec2(gl_FragCoord.x - 0.5, float(height) - 0.5 - gl_FragCoord.y) - place.xy;
  float s = dot(from, place.zw) / width, t = from.y * place.z - from.x * place.w;
  if (!(s > 0.0 && s < 1.0)) discard;
  float skin = wish.x, lid = wish.y, side = wish.z, down = wish.w;
  float hill = s * (1.0 - s), upper = hill * (lids.x + lids.y * s), lower = hill * (lids.z + lids.w * s);
  float opening = max(lower - upper, 0.0);
  float left = 0.5 + side - iris, right = 0.5 + side + iris, rest = 0.5 - iris;
  float share = min(min(s / left, (1.0 - s) / (1.0 - right)), 1.0);
  float rise = min(meet * lid * opening + (1.0 - lid) * max(-down, 0.0) * share, opening);
  float fall = min((1.0 - meet) * lid * opening + (1.0 - lid) * max(down, 0.0) * share, opening);
  float low = lower - rise, above = upper + fall - t, far = skin + fall, reach = cheek * width;

  vec2 ball = vec2(s, t);
  if (t > upper && t < lower) {
    float to = s < left ? share * rest : s > right ? 1.0 - share * rest : s - side, there = to * (1.0 - to);
    float top = there * (lids.x + lids.y * to), bottom = there * (lids.z + lids.w * to);
    float part = clamp((t - upper) / max(opening, 1e-3), 0.0, 1.0), free = clamp(min(part, 1.0 - part) / hem, 0.0, 1.0);
    float least = min(top, bottom), straight = clamp(t - down * share, least, bottom);
    float along = clamp(t + top - upper + part * part * (3.0 - 2.0 * part) * (bottom - lower - top + upper), least, bottom);
    ball = vec2(to, mix(along, straight, share * free * free * (3.0 - 2.0 * free)));
  }
  colour = at(ball.x, ball.y);
  colour = mix(colour, at(s, t + rise * clamp((reach + rise - (t - low)) / (reach + rise), 0.0, 1.0)), clamp(0.5 + t - low, 0.0, 1.0));

  float bend = (lids.x * (1.0 - 2.0 * s) + lids.y * s * (2.0 - 3.0 * s)) / width;
  float other = (lids.z * (1.0 - 2.0 * s) + lids.w * s * (2.0 - 3.0 * s)) / width;
  float bent = bend + (1.0 - meet) * lid * (other - bend);
  float thin = clamp(sqrt((1.0 + bend * bend) / (1.0 + bent * bent)), 1.0, 2.0), q = clamp(above / far, 0.0, 1.0);
  float shut = lid * (2.0 - lid), fades = min(12.0 * hill, 1.0), gone = shut * min(lash * width, 0.4 * skin) * fades;
  float drawn = above > far ? t : above < 0.0 ? upper - gone - above * thin
    : upper - gone * (1.0 - q) * (1.0 - q) * (1.0 + 2.0 * q) - far * thin * q * (1.0 - q) * (1.0 - q)
      + far * q * q * (1.0 - q) - skin * q * q * (3.0 - 2.0 * q);
  colour = mix(colour, at(s, drawn), clamp(0.5 + above, 0.0, 1.0));

  float z = (0.25 * fine * width - above) / (fine * width), mark = max(1.0 - z * z, 0.0);
  vec3 dark = min(at(s, upper).rgb, min(at(s, upper - near * width).rgb, at(s, upper + near * width).rgb));
  colour.rgb = mix(colour.rgb, min(colour.rgb, (1.0 - line) * dark), shut * mark * mark * fades);
}`;
