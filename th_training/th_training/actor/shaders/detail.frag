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
uniform vec2 lids;         // height of the upper lids, left and right, cm
const vec3 KEY = normalize(vec3(-0.50, 0.70, 0.95));

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

vec3 eye_colour(vec3 v) {
    vec3 centre = M == 5 ? left_eye : right_eye;
    vec3 d = normalize(R - centre);
    float r = acos(clamp(d.z, -1.0, 1.0)) / iris_angle;
    float around = atan(d.y, d.x);
    vec3 white = mix(vec3(0.80, 0.775, 0.76), vec3(0.76, 0.50, 0.45), smoothstep(1.7, 3.0, r) * 0.6);
    white *= 0.96 - 0.28 * smoothstep(1.15, 2.7, r);
    float fibre = noise(vec2(around * 14.0, r * 3.0)) * 0.6 + noise(vec2(around * 34.0, r * 2.0)) * 0.4;
    vec3 iris = iris_colour * (0.55 + 0.9 * fibre);
    iris = mix(iris, iris_colour * 1.5 + vec3(0.05, 0.03, 0.0), smoothstep(0.62, 0.40, r) * 0.5);
    iris *= 1.0 - 0.75 * smoothstep(0.72, 1.0, r);
    iris *= 0.60 + 0.75 * smoothstep(0.5, -0.8, d.y / max(sin(iris_angle), 1e-3));
    vec3 body = mix(iris, white, smoothstep(0.92, 1.08, r));
    body = mix(vec3(0.004), body, smoothstep(0.33, 0.40, r));
    vec3 mirror = reflect(-v, normalize(P - centre));
    float window = smoothstep(0.955, 0.975, dot(mirror, normalize(vec3(-0.30, 0.36, 0.9))));
    float second = smoothstep(0.985, 0.993, dot(mirror, normalize(vec3(0.4, -0.1, 0.9))));
    float lid = M == 5 ? lids.x : lids.y;
    body *= mix(vec3(1), vec3(0.50, 0.42, 0.40), smoothstep(lid - 0.42, lid - 0.02, P.y));
    return body * D * A + vec3(0.85) * window + vec3(0.10) * second;
}

vec4 lash_colour() {
    float x = T.x * 58.0, k = floor(x), h = hash(vec2(k, 3.0));
    float off = abs(fract(x + 0.18 * sin(k * 7.0)) - 0.5) * 2.0, along = clamp(T.y, 0.0, 1.0);
    float width = mix(0.62, 0.05, along);
    float hairs = smoothstep(width + 0.40, width, off) * smoothstep(1.0, 0.45, along + 0.25 * h);
    float line = smoothstep(0.30, 0.10, along) * smoothstep(1.0, 0.9, T.x);
    return vec4(0.085, 0.055, 0.045, max(hairs * 0.75, line * 0.85));
}

vec3 cloth() {
    float band = smoothstep(0.42, 0.36, T.y) * smoothstep(0.0, 0.06, T.y);
    float weave = 0.94 + 0.12 * noise(R.xy * 26.0);
    return mix(vec3(0.030, 0.085, 0.115), vec3(0.55, 0.62, 0.64), band) * weave;
}

void main() {
    if (M == 8) {
        vec4 lash = lash_colour();
        colour = vec4(lash.bgr * lash.a, lash.a);
        return;
    }
    vec3 n = normalize(N), v = normalize(camera - P), c;
    if (dot(n, v) < 0.0) n = -n;
    if (M == 1) c = cloth() * D + gloss(n, v, 8.0) * 0.015 * A;
    else if (M == 3)
        c = mix(vec3(0.50, 0.13, 0.13), vec3(0.58, 0.20, 0.18), noise(R.xz * 3.0)) * D * A
          + gloss(n, v, 40.0) * 0.25 * A * A;
    else if (M == 4) c = vec3(0.84, 0.80, 0.73) * D * A * (1.0 - 0.45 * smoothstep(1.2, 2.2, abs(R.x))) + gloss(n, v, 60.0) * 0.30 * A * A;
    else c = eye_colour(v);
    colour = vec4(tone(c).bgr, 1.0);
}
