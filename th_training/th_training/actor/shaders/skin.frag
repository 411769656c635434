#version 330
// Skin and cloth: painted colour under the light of the vertices.
in vec3 D;
in vec2 G;
in vec2 C;
out vec4 colour;

uniform sampler2D skin; // rgb: sqrt of albedo, a: 1 dry .. 0 moist lip; in neutral picture space

vec3 tone(vec3 c) {
    c *= 0.80;
    c = (c * (2.51 * c + 0.03)) / (c * (2.43 * c + 0.59) + 0.14);
    return sqrt(clamp(c, 0.0, 1.0));
}

void main() {
    vec4 paint = texture(skin, C);
    vec3 c = paint.rgb * paint.rgb * D + mix(G.y, G.x, paint.a);
    colour = vec4(tone(c).bgr, 1.0);
}
