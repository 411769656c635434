#version 330
// One posed vertex of the actor. Lighting happens per pixel (actor.frag).
uniform mat4 projection;
in vec3 position;
in vec3 normal;
in vec3 rest;      // position in the pose {}, cm: what is painted on the body stays there
in vec2 uv;
in float material;
in float occlusion; // 1 open .. 0 hidden from the sky, baked
out vec3 P;
out vec3 N;
out vec3 R;
out vec2 T;
flat out int M;
out float A;

void main() {
    P = position;
    N = normal;
    R = rest;
    T = uv;
    M = int(material + 0.5);
    A = occlusion;
    gl_Position = projection * vec4(position, 1.0);
}
