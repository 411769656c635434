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
