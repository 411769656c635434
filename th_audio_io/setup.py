from setuptools import find_packages, setup

package_name = "th_audio_io"

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
    description="Sound in and out of the talking face: sources, the intake of audio topics, and playout in step with the face.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "audio_source = th_audio_io.source_node:main",
            "audio_playout = th_audio_io.playout_node:main",
        ]
    },
)
