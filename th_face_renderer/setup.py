from setuptools import find_packages, setup

package_name = "th_face_renderer"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed", "web/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    zip_safe=False,
    maintainer="Talking Head maintainers",
    maintainer_email="maintainers@talking-head.invalid",
    description="Facial codes to pictures: active appearance model decoder, page, window and image topics.",
    license="Apache-2.0",
    entry_points={"console_scripts": ["face_renderer = th_face_renderer.node:main"]},
)
