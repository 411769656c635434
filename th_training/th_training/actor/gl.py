"""Headless OpenGL (EGL): one stage that draws the posed actor between two still layers."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from th_common.errors import DeviceError

from .camera import Camera

_SHADERS = Path(__file__).parent / "shaders"


def open_context():
    """A moderngl context without a window; DeviceError in words where the machine has no EGL."""
    os.environ.setdefault("EGL_PLATFORM", "surfaceless")
    try:
        import moderngl

        return moderngl.create_context(standalone=True, backend="egl", require=330)  # type: ignore[arg-type]
    except Exception as error:  # moderngl raises bare Exceptions for missing libraries and drivers
        raise DeviceError(
            f"the virtual actor needs OpenGL 3.3 through EGL (Debian: libegl1 libgl1-mesa-dri): {error}"
        ) from error


class Stage:
    """Draws backdrop, actor and front layer into a multisampled picture, or a window of it.

    A Stage belongs to the thread that made it. `context` may be shared for other work there.
    """

    def __init__(self, size: int, samples: int) -> None:
        self.size = size
        self._samples = samples
        self.context = open_context()
        self.context.front_face = "cw"  # the camera's y points down
        self._skin = self._program("actor", "skin")
        self._detail = self._program("actor", "detail")
        self._plain = self._program("layer", "layer")
        square = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], np.float32)
        self._square = self.context.vertex_array(self._plain, [(self.context.buffer(square.tobytes()), "2f", "corner")])
        self.set_window(0, 0, size, size)

    def set_window(self, left: int, top: int, width: int, height: int) -> None:
        """Draw only this rectangle (px) of the picture from now on."""
        self._shape = (height, width)
        self._picture = self._framebuffer(0)
        self._target = self._framebuffer(self._samples) if self._samples else self._picture
        window = tuple(float(v) / self.size for v in (left, top, width, height))
        for program in (self._skin, self._detail, self._plain):
            program["window"].value = window

    def upload_mesh(self, triangles: np.ndarray, attributes: np.ndarray, *, skin: int, opaque: int) -> None:
        """The still half of the mesh.

        triangles (T, 3): the first `skin` ones are painted and drawn from the front only, up to
        `opaque` come cloth, eyes, teeth and tongue, then what is blended. attributes (N, 9) float32:
        rest (3), uv (2), material, occlusion, what is seen of key and fill (2).
        """
        self._moving = self.context.buffer(reserve=len(attributes) * 24, dynamic=True)
        still = self.context.buffer(np.ascontiguousarray(attributes, np.float32).tobytes())
        index = self.context.buffer(triangles.astype(np.int32).tobytes())
        self._skin_mesh, self._detail_mesh = (
            self.context.vertex_array(
                program,
                [
                    (self._moving, "3f 3f", "position", "normal"),
                    (still, "3f 2f 1f 1f 2f", "rest", "uv", "material", "occlusion", "shade"),
                ],
                index,
                skip_errors=True,
            )
            for program in (self._skin, self._detail)
        )
        self._counts = (skin * 3, opaque * 3, len(triangles) * 3)

    def upload_picture(self, rgba: np.ndarray, *, exact: bool = False):
        """(h, w, 4) uint8 -> texture, with mipmaps, or `exact` for pixels as they are."""
        import moderngl

        texture = self.context.texture(rgba.shape[1::-1], 4, np.ascontiguousarray(rgba).tobytes())
        if exact:
            texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        else:
            texture.build_mipmaps()
            texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        texture.repeat_x = texture.repeat_y = False
        return texture

    def set_scene(self, camera: Camera, paint, lines, back, front, **uniforms) -> None:
        """Camera, painted skin and folds, the layers behind and before the actor (None: nothing there).

        uniforms: those of shaders/detail.frag.
        """
        self._paint, self._lines, self._back, self._front = paint, lines, back, front
        self._skin["skin"].value, self._skin["lines"].value = 0, 1
        for program in (self._skin, self._detail):
            program["projection"].write(np.ascontiguousarray(camera.matrix.T).tobytes())
            program["camera"].value = tuple(map(float, camera.position))
        for name, value in uniforms.items():
            self._detail[name].value = value

    def draw(
        self,
        vertices: np.ndarray,
        normals: np.ndarray,
        *,
        lids: tuple[float, ...],
        folds: tuple[float, ...],
    ) -> np.ndarray:
        """The window (height, width, 3) uint8 BGR, of posed vertices and normals, both (N, 3).

        lids: heights of upper and lower lid, left and then right, cm; they shade the eyes.
        folds: depth of the painted folds (4).
        """
        gl = self.context
        self._detail["lids"].value = lids
        self._skin["folds"].value = folds
        self._moving.write(np.concatenate([vertices, normals], 1, dtype=np.float32).tobytes())
        self._target.use()
        gl.clear(0.0, 0.0, 0.0, 0.0)
        gl.blend_func = gl.ONE, gl.ONE_MINUS_SRC_ALPHA
        self._layer(self._back)
        skin, opaque, everything = self._counts
        gl.enable(gl.DEPTH_TEST)
        self._paint.use(0)
        self._lines.use(1)
        self._skin_mesh.render(vertices=skin)
        self._detail_mesh.render(vertices=opaque - skin, first=skin)
        gl.enable(gl.BLEND)
        self._target.depth_mask = False
        self._detail_mesh.render(vertices=everything - opaque, first=opaque)
        self._target.depth_mask = True
        gl.disable(gl.BLEND)
        self._layer(self._front)
        if self._target is not self._picture:
            gl.copy_framebuffer(self._picture, self._target)
        data = self._picture.read(components=3, alignment=1)
        return np.frombuffer(data, np.uint8).reshape(*self._shape, 3)

    def _layer(self, texture) -> None:
        if texture is None:
            return
        gl = self.context
        gl.disable(gl.DEPTH_TEST)
        gl.enable(gl.BLEND)
        texture.use(0)
        self._square.render(gl.TRIANGLE_STRIP)
        gl.disable(gl.BLEND)

    def _framebuffer(self, samples: int):
        shape = self._shape[::-1]
        return self.context.framebuffer(
            [self.context.renderbuffer(shape, 4, samples=samples)],
            self.context.depth_renderbuffer(shape, samples=samples),
        )

    def _program(self, vertex: str, fragment: str):
        return self.context.program(
            vertex_shader=(_SHADERS / f"{vertex}.vert").read_text(),
            fragment_shader=(_SHADERS / f"{fragment}.frag").read_text(),
        )
