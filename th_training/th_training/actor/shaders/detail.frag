#version 330
// What is small and wants every pixel: eyes, teeth, tongue, lashes.
in vec3 P;
in vec3 N;
in vec3 R;
in vec2 T;
flat in int M;
in float A;
in vec3 D;
out vec4 colour;

uniform vec3 camera;
uniform vec3 left_eye;     // centres of the eyeballs, cm
uniform vec3 right_eye;
uniform float iris_angle;  // half angle of the iris seen from the eyeball's centre, rad
uniform vec3 iris_colour;
uniform vec4 lids;         // heights of upper and lower lid, left and then right, cm
const vec3 KEY = normalize(vec3(-0.50, 0.62, 0.95));

float hash(vec2 p) { return fract(sin(dot(p, vec2(12.9898, 78.233))) * 43758.5453); }

float noise(vec2 p) {
    vec2 i = floor(p), f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    return mix(mix(hash(i), hash(i + vec2(1, 0)), f.x),
               mix(hash(i + vec2(0, 1)), hash(i + vec2(1, 1)), f.x), f.y);
}

vec3 tone(vec3 c) {
    c *= 0.80;
    c = (c * (2.51 * c + 0.03)) / (c * (2.43 * c + 0.59) + 0.14);
    return sqrt(clamp(c, 0.0, 1.0));
}

float gloss(vec3 n, vec3 v, float sharp) {
    return pow(max(dot(n, normalize(v + KEY)), 0.0), sharp);
}

float softbox(vec3 mirror, vec3 centre, vec2 half_size, float soft) {
    vec3 c = normalize(centre), right = normalize(cross(vec3(0, 1, 0), c));
    vec2 at = vec2(dot(mirror, right), dot(mirror, cross(c, right)));
    vec2 inside = smoothstep(half_size + soft, half_size - soft, abs(at));
    return inside.x * inside.y * step(0.0, dot(mirror, c));
}

vec3 eye_colour(vec3 v) {
    bool left = M == 5;
    vec3 centre = left ? left_eye : right_eye;
    vec3 d = normalize(R - centre);
    float r = acos(clamp(d.z, -1.0, 1.0)) / iris_angle;
    float around = atan(d.y, d.x), inward = left ? -d.x : d.x;
    vec3 white = vec3(0.74, 0.715, 0.695) * (1.0 - 0.20 * smoothstep(1.1, 2.4, r));
    white = mix(white, vec3(0.74, 0.47, 0.42), 0.35 * smoothstep(1.5, 2.6, r) + 0.10 * smoothstep(0.55, 0.8, noise(d.xy * 9.0)));
    white = mix(white, vec3(0.70, 0.36, 0.33), 0.75 * smoothstep(0.68, 0.86, inward)); // the inner corner
    float fibre = noise(vec2(around * 13.0, r * 2.5)) * 0.55 + noise(vec2(around * 31.0, r * 1.7)) * 0.45;
    vec3 iris = iris_colour * (0.50 + 1.0 * fibre);
    iris = mix(iris, iris_colour * vec3(1.9, 1.7, 1.3), smoothstep(0.66, 0.42, r) * 0.55); // the collar round the pupil
    iris *= 1.0 - 0.80 * smoothstep(0.70, 0.98, r);                                         // the limbal ring
    iris *= 0.62 + 1.05 * smoothstep(0.35, -0.95, d.y / sin(iris_angle)) + 0.25 * smoothstep(0.2, 0.9, d.x / sin(iris_angle));
    vec3 body = mix(iris, white, smoothstep(0.90, 1.12, r));
    body = mix(vec3(0.006, 0.004, 0.003), body, smoothstep(0.34, 0.43, r));
    float upper = left ? lids.x : lids.z, lower = left ? lids.y : lids.w;
    vec3 shadow = mix(vec3(1), vec3(0.46, 0.40, 0.39), smoothstep(upper - 0.50, upper + 0.02, P.y));
    shadow *= mix(vec3(1), vec3(0.80, 0.70, 0.68), smoothstep(lower + 0.16, lower - 0.02, P.y));
    vec3 mirror = reflect(-v, normalize(P - centre));
    float open = smoothstep(upper - 0.06, upper - 0.14, P.y);
    float main_light = softbox(mirror, vec3(-0.36, 0.36, 0.86), vec2(0.155, 0.180), 0.07) * open;
    float second = softbox(mirror, vec3(0.46, -0.16, 0.87), vec2(0.10, 0.13), 0.07);
    float room = smoothstep(0.1, 0.9, mirror.y) * 0.05 * open;
    return body * D * A * shadow + vec3(0.92, 0.94, 0.96) * main_light + vec3(0.09) * second + vec3(0.8, 0.9, 1.0) * room;
}

vec4 lash_colour() {
    float along = clamp(T.y, 0.0, 1.0), cover = 0.0;
    for (int layer = 0; layer < 2; layer++) { // two rows of hairs, not in step
        float x = T.x * (layer == 0 ? 52.0 : 43.0) + 0.37 * float(layer), k = floor(x), h = hash(vec2(k, 3.0 + float(layer)));
        float lean = (h - 0.5) * 0.5 * along;
        float off = abs(fract(x) - 0.5 + lean) * 2.0;
        float width = mix(0.50, 0.02, along);
        cover = max(cover, smoothstep(width + 0.42, width, off) * smoothstep(1.0, 0.55, along + 0.28 * h));
    }
    float line = smoothstep(0.55, 0.04, along) * smoothstep(1.0, 0.86, T.x);
    return vec4(0.075, 0.050, 0.042, max(cover * 0.40, line * 0.74));
}

vec3 cloth(vec3 n) {
    float below = T.y, across = T.x; // cm below the neckline, round the neck
    float trim = smoothstep(0.80, 0.74, below) * smoothstep(0.0, 0.05, below);
    float seam = smoothstep(0.05, 0.0, abs(below - 0.86)) + 0.5 * smoothstep(0.035, 0.0, abs(below - 0.62));
    float weave = 0.96 + 0.08 * noise(R.xy * 22.0);
    // Drapes run out from the neck
    float drape = noise(vec2(across * 26.0, below * 0.22)) * 0.65 + noise(vec2(across * 60.0 + 7.0, below * 0.35)) * 0.35;
    float depth = smoothstep(0.9, 4.0, below);
    vec3 base = mix(vec3(0.030, 0.090, 0.118), vec3(0.70, 0.715, 0.71), trim);
    return base * weave * (1.0 - 0.30 * seam) * (1.0 + depth * (drape - 0.5) * 0.55);
}

void main() {
    if (M == 8) {
        vec4 lash = lash_colour();
        colour = vec4(lash.bgr * lash.a, lash.a);
        return;
    }
    vec3 n = normalize(N), v = normalize(camera - P), c;
    if (dot(n, v) < 0.0) n = -n;
    if (M == 1) c = cloth(n) * D + gloss(n, v, 8.0) * 0.015 * A;
    else if (M == 3)
        c = mix(vec3(0.50, 0.13, 0.13), vec3(0.58, 0.20, 0.18), noise(R.xz * 3.0)) * D * A * mix(0.12, 1.0, smoothstep(8.2, 11.4, R.z))
          + gloss(n, v, 40.0) * 0.25 * A * A;
    else if (M == 4) c = vec3(0.75, 0.715, 0.65) * D * A * (1.0 - 0.45 * smoothstep(1.2, 2.2, abs(R.x))) + gloss(n, v, 60.0) * 0.30 * A * A;
    else c = eye_colour(v);
    colour = vec4(tone(c).bgr, 1.0);
}
