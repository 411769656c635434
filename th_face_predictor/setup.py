from setuptools import find_packages, setup

package_name = "th_face_predictor"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    zip_safe=False,
    maintainer="Talking Head maintainers",
    maintainer_email="maintainers@talking-head.invalid",
    description="Acoustic features to facial codes: bidirectional LSTM with bounded lookahead.",
    license="Apache-2.0",
    entry_points={"console_scripts": ["face_predictor = th_face_predictor.node:main"]},
)
