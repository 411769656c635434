#version 330
// One posed vertex of the actor, lit by a large soft key, a fill and two rims. The mesh is dense
// (3 mm), so diffuse light per vertex looks as light per pixel does, at a third of its cost.
uniform mat4 projection;
uniform vec4 window; // of the picture that is drawn: left, top, width, height, 0..1
uniform vec3 camera;
in vec3 position;
in vec3 normal;
in vec3 rest;       // position in the pose {}, cm: what is painted on the body stays there
in vec2 uv;
in float material;
in float occlusion; // 1 open .. 0 hidden from the sky, baked
in vec2 shade;      // 1 .. 0 how much of key and fill is seen from here, baked: soft shadows
out vec3 P;
out vec3 N;
out vec3 R;
out vec2 T;
flat out int M;
out float A;
out float K;        // the key's shadow
out vec3 D;         // diffuse light that arrives
out vec2 C;         // place in the painted picture

const vec3 KEY = normalize(vec3(-0.50, 0.62, 0.95)), FILL = normalize(vec3(0.9, 0.15, 0.70));
const vec3 RIM = normalize(vec3(0.75, 0.45, -0.55)), SIDE = normalize(vec3(-0.85, 0.25, -0.5));

// Light wraps round the edge of the shadow, red furthest: what skin does by scattering
vec3 wrapped(float cosine, float amount) {
    vec3 w = vec3(0.42, 0.24, 0.17) * amount;
    return clamp((vec3(cosine) + w) / ((1.0 + w) * (1.0 + w)), 0.0, 1.0);
}

void main() {
    P = position;
    N = normal;
    R = rest;
    T = uv;
    M = int(material + 0.5);
    A = occlusion;
    K = shade.x;
    gl_Position = projection * vec4(position, 1.0);
    vec2 shift = 1.0 - 2.0 * window.xy - window.zw;
    gl_Position.xy = (gl_Position.xy + shift * gl_Position.w) / window.zw;
    if (M == 8) gl_Position.z -= 0.006 * gl_Position.w; // lashes stand before the lid they grow from
    vec4 place = projection * vec4(rest, 1.0);
    C = place.xy / place.w * 0.5 + 0.5;

    vec3 n = normalize(normal), v = normalize(camera - position);
    if ((M == 3 || M == 4) && dot(n, v) < 0.0) n = -n;
    float scatter = M == 0 ? 1.0 : 0.5;
    // Shadows on skin have a red edge
    vec3 bleed = M == 0 ? vec3(0.70, 1.05, 1.20) : vec3(1.0);
    vec3 key = pow(vec3(shade.x), bleed), fill = pow(vec3(shade.y), bleed);
    vec3 direct = vec3(1.0, 0.945, 0.875) * 1.85 * wrapped(dot(n, KEY), scatter) * key
                + vec3(0.90, 0.94, 1.0) * 0.50 * wrapped(dot(n, FILL), scatter) * fill
                + vec3(1.0, 0.96, 0.9) * 0.9 * wrapped(dot(n, RIM), 0.3)
                + vec3(0.92, 0.96, 1.0) * 0.55 * wrapped(dot(n, SIDE), 0.3);
    vec3 open = pow(vec3(A), vec3(0.70, 1.10, 1.25));
    vec3 sky = mix(vec3(0.22, 0.165, 0.15), vec3(0.38, 0.37, 0.385), n.y * 0.5 + 0.5);
    D = direct * 0.62 * mix(vec3(1), open, 0.5) + sky * open;
}
