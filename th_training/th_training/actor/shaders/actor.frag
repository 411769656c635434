#version 330
// Skin, teeth, tongue, eyes, lashes and cloth under one soft key light, a fill and a rim.
in vec3 P;
in vec3 N;
in vec3 R;
in vec2 T;
flat in int M;
in float A;
out vec4 colour;

uniform vec3 camera;
uniform sampler2D skin;    // rgb: sqrt of albedo, a: 1 skin .. 0 moist lip; in neutral picture space
uniform mat4 projection;
uniform vec3 left_eye;     // centres of the eyeballs, cm
uniform vec3 right_eye;
uniform float iris_angle;  // half angle of the iris seen from the eyeball's centre, rad
uniform vec3 iris_colour;

const vec3 KEY = normalize(vec3(-0.55, 0.75, 0.85)), FILL = normalize(vec3(0.9, 0.25, 0.55));
const vec3 RIM = normalize(vec3(0.3, 0.6, -0.9)), SIDE = normalize(vec3(-0.9, 0.2, -0.5));

float hash(vec2 p) { return fract(sin(dot(p, vec2(12.9898, 78.233))) * 43758.5453); }

float noise(vec2 p) {
    vec2 i = floor(p), f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    return mix(mix(hash(i), hash(i + vec2(1, 0)), f.x),
               mix(hash(i + vec2(0, 1)), hash(i + vec2(1, 1)), f.x), f.y);
}

// Light wraps round the edge of the shadow, red furthest: what skin does by scattering
vec3 wrapped(float cosine, float amount) {
    vec3 w = vec3(0.42, 0.22, 0.14) * amount;
    return clamp((vec3(cosine) + w) / ((1.0 + w) * (1.0 + w)), 0.0, 1.0);
}

vec3 light(vec3 n, float scatter) {
    vec3 direct = vec3(1.0, 0.95, 0.88) * 1.70 * wrapped(dot(n, KEY), scatter)
                + vec3(0.80, 0.88, 1.0) * 0.50 * wrapped(dot(n, FILL), scatter)
                + vec3(1.0, 0.95, 0.9) * 0.8 * wrapped(dot(n, RIM), scatter)
                + vec3(0.8, 0.9, 1.0) * 0.5 * wrapped(dot(n, SIDE), scatter);
    vec3 open = pow(vec3(A), vec3(0.75, 1.15, 1.3));
    vec3 sky = mix(vec3(0.34, 0.26, 0.23), vec3(0.50, 0.52, 0.56), n.y * 0.5 + 0.5);
    return direct * 0.62 * mix(vec3(1), open, 0.75) + sky * open;
}

float gloss(vec3 n, vec3 v, vec3 l, float sharp) {
    return pow(max(dot(n, normalize(v + l)), 0.0), sharp);
}

vec3 tone(vec3 c) {
    c *= 0.80;
    c = (c * (2.51 * c + 0.03)) / (c * (2.43 * c + 0.59) + 0.14);
    return sqrt(clamp(c, 0.0, 1.0));
}

vec3 skin_colour(vec3 n, vec3 v) {
    vec4 place = projection * vec4(R, 1.0);
    vec4 paint = texture(skin, place.xy / place.w * 0.5 + 0.5);
    float lip = 1.0 - paint.a;
    float edge = pow(1.0 - max(dot(n, v), 0.0), 4.0);
    float dry = gloss(n, v, KEY, 18.0) * 0.085 + gloss(n, v, FILL, 22.0) * 0.03 + edge * 0.10;
    float moist = gloss(n, v, KEY, 46.0) * 0.30 + gloss(n, v, FILL, 30.0) * 0.07
                + gloss(n, v, normalize(vec3(-0.1, 0.45, 1.0)), 60.0) * 0.10;
    return paint.rgb * paint.rgb * light(n, 1.0) + mix(dry, moist, lip) * A * A;
}

vec3 eye_colour(vec3 n, vec3 v) {
    vec3 d = normalize(R - (M == 5 ? left_eye : right_eye));
    float r = acos(clamp(d.z, -1.0, 1.0)) / iris_angle;
    float around = atan(d.y, d.x);
    vec3 white = mix(vec3(0.80, 0.775, 0.76), vec3(0.76, 0.50, 0.45), smoothstep(1.7, 3.0, r) * 0.6);
    float fibre = noise(vec2(around * 14.0, r * 3.0)) * 0.6 + noise(vec2(around * 34.0, r * 2.0)) * 0.4;
    vec3 iris = iris_colour * (0.55 + 0.9 * fibre);
    iris = mix(iris, iris_colour * 1.5 + vec3(0.05, 0.03, 0.0), smoothstep(0.62, 0.40, r) * 0.5);
    iris *= 1.0 - 0.75 * smoothstep(0.72, 1.0, r);
    iris *= 0.60 + 0.75 * smoothstep(0.5, -0.8, d.y / max(sin(iris_angle), 1e-3));
    vec3 body = mix(iris, white, smoothstep(0.92, 1.08, r));
    body = mix(vec3(0.004), body, smoothstep(0.36, 0.43, r));
    vec3 mirror = reflect(-v, normalize(P - (M == 5 ? left_eye : right_eye)));
    float window = smoothstep(0.955, 0.975, dot(mirror, normalize(vec3(-0.35, 0.5, 0.8))));
    float second = smoothstep(0.985, 0.993, dot(mirror, normalize(vec3(0.4, -0.1, 0.9))));
    return body * light(n, 0.6) * A + vec3(0.85) * window + vec3(0.17) * second;
}

vec4 lash_colour() {
    float x = T.x * 58.0, k = floor(x), h = hash(vec2(k, 3.0));
    float off = abs(fract(x + 0.18 * sin(k * 7.0)) - 0.5) * 2.0, along = clamp(T.y, 0.0, 1.0);
    float width = mix(0.55, 0.0, along);
    float cover = smoothstep(width + 0.35, width, off) * smoothstep(1.0, 0.55, along + 0.25 * h);
    return vec4(0.09, 0.06, 0.05, cover * 0.80);
}

void main() {
    if (M == 8) {
        vec4 lash = lash_colour();
        colour = vec4(lash.bgr * lash.a, lash.a);
        return;
    }
    vec3 n = normalize(N), v = normalize(camera - P), c;
    if (M == 3 || M == 4) n = dot(n, v) < 0.0 ? -n : n;
    if (M == 0) c = skin_colour(n, v);
    else if (M == 1) c = skin_colour(n, v);
    else if (M == 3)
        c = mix(vec3(0.50, 0.13, 0.13), vec3(0.58, 0.20, 0.18), noise(R.xz * 3.0)) * light(n, 0.6) * A
          + gloss(n, v, KEY, 40.0) * 0.25 * A * A;
    else if (M == 4) c = vec3(0.82, 0.78, 0.70) * light(n, 0.6) * A + gloss(n, v, KEY, 60.0) * 0.30 * A * A;
    else c = eye_colour(n, v);
    colour = vec4(tone(c).bgr, 1.0);
}
