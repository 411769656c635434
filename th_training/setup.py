from setuptools import find_packages, setup

package_name = "th_training"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={
        package_name: ["py.typed", "actor/data/*", "actor/shaders/*", "study/consent.txt", "study/web/*"],
    },
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    zip_safe=False,
    maintainer="Talking Head maintainers",
    maintainer_email="maintainers@talking-head.invalid",
    description="Offline tools of the talking face: virtual actor, corpora, landmarks, AAM, training, evaluation, video synthesis.",
    license="Apache-2.0",
    entry_points={"console_scripts": ["th = th_training.cli:main"]},
)
