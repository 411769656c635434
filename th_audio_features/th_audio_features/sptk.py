"""The two functions of pysptk that make F0, imported once and quietly."""

from __future__ import annotations

import inspect
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pysptk 1.0 imports pkg_resources, whose deprecation is not the user's concern
    import pysptk

rapt = inspect.unwrap(pysptk.rapt)  # without the decorator that inspects the arguments of every call
excite = inspect.unwrap(pysptk.excite)
