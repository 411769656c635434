#version 330
// One posed vertex of the actor, lit by one soft key light, a fill and two rims. The mesh is dense
// (3 mm), so light per vertex looks as light per pixel does, at a third of its cost.
uniform mat4 projection;
uniform vec4 window; // of the picture that is drawn: left, top, width, height, 0..1
uniform vec3 camera;
in vec3 position;
in vec3 normal;
in vec3 rest;       // position in the pose {}, cm: what is painted on the body stays there
in vec2 uv;
in float material;
in float occlusion; // 1 open .. 0 hidden from the sky, baked
out vec3 P;
out vec3 N;
out vec3 R;
out vec2 T;
flat out int M;
out float A;
out vec3 D;         // diffuse light that arrives
out vec2 G;         // gloss of dry skin and of moist lips
out vec2 C;         // place in the painted picture

const vec3 KEY = normalize(vec3(-0.50, 0.70, 0.95)), FILL = normalize(vec3(0.9, 0.20, 0.60));
const vec3 RIM = normalize(vec3(0.45, 0.5, -0.9)), SIDE = normalize(vec3(-0.9, 0.2, -0.5));

// Light wraps round the edge of the shadow, red furthest: what skin does by scattering
vec3 wrapped(float cosine, float amount) {
    vec3 w = vec3(0.34, 0.22, 0.17) * amount;
    return clamp((vec3(cosine) + w) / ((1.0 + w) * (1.0 + w)), 0.0, 1.0);
}

float gloss(vec3 n, vec3 v, vec3 l, float sharp) {
    return pow(max(dot(n, normalize(v + l)), 0.0), sharp);
}

void main() {
    P = position;
    N = normal;
    R = rest;
    T = uv;
    M = int(material + 0.5);
    A = occlusion;
    gl_Position = projection * vec4(position, 1.0);
    vec2 shift = 1.0 - 2.0 * window.xy - window.zw;
    gl_Position.xy = (gl_Position.xy + shift * gl_Position.w) / window.zw;
    if (M == 8) gl_Position.z -= 0.006 * gl_Position.w; // lashes stand before the lid they grow from
    vec4 place = projection * vec4(rest, 1.0);
    C = place.xy / place.w * 0.5 + 0.5;

    vec3 n = normalize(normal), v = normalize(camera - position);
    if ((M == 3 || M == 4) && dot(n, v) < 0.0) n = -n;
    float scatter = M == 0 ? 1.0 : 0.6;
    vec3 direct = vec3(1.0, 0.955, 0.90) * 1.62 * wrapped(dot(n, KEY), scatter)
                + vec3(0.86, 0.91, 1.0) * 0.55 * wrapped(dot(n, FILL), scatter)
                + vec3(1.0, 0.95, 0.9) * 0.7 * wrapped(dot(n, RIM), scatter)
                + vec3(0.9, 0.95, 1.0) * 0.5 * wrapped(dot(n, SIDE), scatter);
    vec3 open = pow(vec3(A), vec3(0.75, 1.10, 1.25));
    vec3 sky = mix(vec3(0.36, 0.29, 0.27), vec3(0.52, 0.52, 0.54), n.y * 0.5 + 0.5);
    D = direct * 0.62 * mix(vec3(1), open, 0.75) + sky * open;

    float edge = pow(1.0 - max(dot(n, v), 0.0), 4.0);
    G.x = gloss(n, v, KEY, 16.0) * 0.075 + gloss(n, v, FILL, 20.0) * 0.02 + edge * 0.08;
    G.y = gloss(n, v, KEY, 46.0) * 0.22 + gloss(n, v, FILL, 30.0) * 0.05
        + gloss(n, v, normalize(vec3(-0.1, 0.45, 1.0)), 60.0) * 0.08;
    G *= A * A;
}
