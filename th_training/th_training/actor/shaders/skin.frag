#version 330
// Skin: painted colour under the light of the vertices, folds that come with the pose, and a soft gloss.
in vec3 P;
in vec3 N;
in vec3 R;
in float A;
in float K;
in vec3 D;
in vec2 C;
out vec4 colour;

uniform vec3 camera;
uniform sampler2D skin;  // rgb: sqrt of albedo, a: 1 dry .. 0 moist lip; in neutral picture space
uniform sampler2D lines; // height of the folds of frown, forehead, smile and nose, 0.5: none
uniform vec4 folds;      // how deep each of them is
const vec3 KEY = normalize(vec3(-0.50, 0.62, 0.95)), FILL = normalize(vec3(0.9, 0.15, 0.70));

float gloss(vec3 n, vec3 v, vec3 l, float sharp) {
    return pow(max(dot(n, normalize(v + l)), 0.0), sharp);
}

vec3 tone(vec3 c) {
    c *= 0.80;
    c = (c * (2.51 * c + 0.03)) / (c * (2.43 * c + 0.59) + 0.14);
    return sqrt(clamp(c, 0.0, 1.0));
}

void main() {
    vec4 paint = texture(skin, C);
    float fold = dot(texture(lines, C) * 2.0 - 1.0, folds);
    vec3 albedo = paint.rgb * paint.rgb * pow(vec3(max(1.0 + fold, 0.05)), vec3(0.75, 1.0, 1.05));
    vec3 n = normalize(N), v = normalize(camera - P);
    float edge = pow(1.0 - max(dot(n, v), 0.0), 4.0);
    float dry = gloss(n, v, KEY, 11.0) * 0.055 + gloss(n, v, KEY, 34.0) * 0.045 + gloss(n, v, FILL, 14.0) * 0.018;
    float moist = gloss(n, v, KEY, 30.0) * 0.11 + gloss(n, v, normalize(vec3(-0.1, 0.5, 1.0)), 70.0) * 0.10;
    float light = mix(moist, dry, paint.a) * (0.35 + 0.65 * K) * A + edge * 0.07 * A;
    colour = vec4(tone(albedo * D + light * vec3(1.0, 0.97, 0.93)).bgr, 1.0);
}
