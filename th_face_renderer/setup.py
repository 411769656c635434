import sys

from setuptools import Extension, find_packages, setup

package_name = "th_face_renderer"

# A plain shared library that kernel.py loads with ctypes, whatever the version of Python (hence py_limited_api, which only
# names the file). Optional: without a C compiler the package is installed all the same and draws with numpy and OpenCV.
flags = ["-std=c99", "-O3", "-g0", "-fvisibility=hidden", "-fno-math-errno", "-fno-trapping-math"]
kernel = Extension(
    package_name + "._kernel",
    sources=[f"{package_name}/c/{name}.c" for name in ("texture", "triangles", "rim", "rows", "eyes")],
    depends=[f"{package_name}/c/{name}.h" for name in ("kernel", "sample")],
    extra_compile_args=[] if sys.platform == "win32" else flags,
    libraries=[] if sys.platform == "win32" else ["m"],
    py_limited_api=True,
    optional=True,
)

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed", "web/*"]},
    ext_modules=[kernel],
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    zip_safe=False,
    maintainer="Talking Head maintainers",
    maintainer_email="maintainers@talking-head.invalid",
    description="Facial codes to pictures: active appearance model decoder, page, window and image topics.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "avatar_bridge = th_face_renderer.avatar_node:main",
            "face_renderer = th_face_renderer.node:main",
        ]
    },
)
