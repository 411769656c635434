#version 330
// A picture that fills the view, its first row at the top.
uniform vec4 window; // of the picture that is drawn: left, top, width, height, 0..1
in vec2 corner;
out vec2 at;

void main() {
    at = window.xy + window.zw * (corner * 0.5 + 0.5);
    gl_Position = vec4(corner, 0.0, 1.0);
}
