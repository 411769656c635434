from setuptools import find_packages, setup

package_name = "th_audio_features"

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
    description="40-D acoustic features at 60 frames per second (12 MFCC, energy, deltas, F0), offline and streaming.",
    license="Apache-2.0",
    entry_points={"console_scripts": ["audio_features = th_audio_features.node:main"]},
)
