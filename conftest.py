"""Let pytest find the packages before it names test modules after folders.

Every package folder contains a module folder of the same name (`th_common/th_common`). In pytest's importlib mode
`th_common/test/test_x.py` is called `th_common.test.test_x`, for which pytest would make an empty `th_common`, unless the
real one is loaded already.

And hold no test to a time: a busy machine is not a failure.
"""

import importlib

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

for _name in (
    "th_common",
    "th_audio_io",
    "th_audio_features",
    "th_face_predictor",
    "th_face_renderer",
    "th_training",
):
    importlib.import_module(_name)
