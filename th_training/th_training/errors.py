"""What is wrong with people's data, where a caller must tell one from another."""

from __future__ import annotations

from th_common.errors import InputError


class DamagedVideoError(InputError):
    """A video of which some is missing or broken: it stays so, and may be remembered."""


class NoTrackerError(InputError):
    """dlib or its weights are not installed: no video can be tracked, not only this one."""


class WriteError(InputError):
    """A file cannot be written (disk full, no right to): not the fault of what was to be written, and worth another try."""
