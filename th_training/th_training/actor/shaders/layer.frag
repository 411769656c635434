#version 330
uniform sampler2D layer;
in vec2 at;
out vec4 colour;

void main() { colour = texture(layer, at).bgra; }
