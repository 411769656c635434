"""One family of errors: a caller that catches `TalkingHeadError` has caught all that we raise."""


class TalkingHeadError(Exception):
    """Root of every error that the talking face raises on purpose; its text is one clear sentence."""


class InputError(TalkingHeadError, ValueError):
    """Data from outside (sound, messages, files, arguments) that cannot be used as it is."""


class ModelError(TalkingHeadError, ValueError):
    """A model folder that is missing, damaged, foreign, or does not fit what it is used with."""


class DeviceError(TalkingHeadError, OSError):
    """A microphone, loudspeaker, display or port that is missing, busy or broken."""
