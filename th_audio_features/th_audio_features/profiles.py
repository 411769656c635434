"""Which sound goes in, and how: the named definitions of the 40-D vector that a model is trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from th_common.errors import InputError

FRAME_RATE = 60  # frames per second, the rate of the face
CEPSTRA = 12
STATICS = CEPSTRA + 1  # c1..c12 and e
DIMENSIONS = 3 * STATICS + 1  # statics, delta, delta-delta, F0


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One definition of the 40-D vector; two profiles give different numbers, so a model names the one it was trained on.

    Frame i covers samples [hop i, hop i + window) at `analysis_rate`; its centre lies at hop (i + 1).

    Attributes:
        name: key in PROFILES, carried by every message and model card.
        analysis_rate: Hz; every other input rate is resampled to it. A multiple of 60, so that no frame ever drifts.
        mel_high: Hz, upper edge of the mel filter bank; None for half the analysis rate.
        period_quirk: HTK's truncation of the sample period to 100 ns, which shifts its filter bank by 0.3 % at 44.1 kHz.
        causal_deltas: regression over the last five frames instead of two on either side.
        f0_block: F0 is computed for this many frames at once (cost falls, delay grows).
        f0_lag: hops of sound, at least, from the beginning of a frame of F0 on when it is decided.
        f0_context: frames before its own that F0 is decided with, at least (cost grows).
        f0_quiet: swing from the middle, on the int16 scale, below which F0 is found in a levelled copy of the sound.

    Raises:
        InputError: a number is out of its range.
    """

    name: str
    analysis_rate: int
    mel_high: float | None = None
    period_quirk: bool = False
    causal_deltas: bool = False
    f0_block: int
    f0_lag: int
    f0_context: int = 5
    f0_quiet: float = 5000.0

    def __post_init__(self) -> None:
        rules = {
            f"analysis_rate must be a positive multiple of {FRAME_RATE} Hz": self.analysis_rate > 0
            and self.analysis_rate % FRAME_RATE == 0,
            "mel_high must lie between 0 and half the analysis rate": self.mel_high is None
            or 0.0 < self.mel_high <= self.analysis_rate / 2,
            "f0_block must be at least 1": self.f0_block >= 1,
            "f0_lag must be at least 2": self.f0_lag >= 2,
            "f0_context must not be negative": self.f0_context >= 0,
        }
        for rule, kept in rules.items():
            if not kept:
                raise InputError(f"profile {self.name!r}: {rule}")

    @property
    def hop(self) -> int:
        """Samples from one frame to the next: 1/60 s."""
        return self.analysis_rate // FRAME_RATE

    @property
    def window(self) -> int:
        """Samples of one frame: 1/30 s (paper, table "audio frame")."""
        return 2 * self.hop

    @property
    def delta_lookahead(self) -> int:
        """Frames after its own that the deltas of a frame need: two for delta, two more for delta-delta."""
        return 0 if self.causal_deltas else 4

    @property
    def lookahead_frames(self) -> int:
        """Hops of sound, after the end of its window, that a frame waits for at most."""
        return max(self.delta_lookahead, self.f0_lag + self.f0_block - 2)

    @property
    def delay(self) -> float:
        """s from a frame's centre to the last sample it needs, at the analysis rate.

        `FeatureStream.delay` adds what resampling from the input rate holds back.
        """
        return (1 + self.lookahead_frames) / FRAME_RATE


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            # The paper's own sound: HTK and SPTK at 44.1 kHz, number by number; levelled only where SPTK loses the voice.
            Profile(
                name="paper",
                analysis_rate=44_100,
                period_quirk=True,
                f0_block=4,
                f0_lag=8,
                f0_context=10,
                f0_quiet=500.0,
            ),
            # What robots hear: nothing above 7.6 kHz counts, so a 16 kHz microphone and a studio give the same features.
            Profile(name="robot", analysis_rate=24_000, mel_high=7600.0, f0_block=2, f0_lag=4),
            # As robot, with 50 ms less delay.
            Profile(name="live", analysis_rate=24_000, mel_high=7600.0, causal_deltas=True, f0_block=1, f0_lag=2),
        )
    }
)


def get_profile(profile: str | Profile) -> Profile:
    """The profile of that name (a Profile is returned as it is).

    Raises:
        InputError: no such profile; the text lists those that exist.
    """
    if isinstance(profile, Profile):
        return profile
    try:
        return PROFILES[profile]
    except (KeyError, TypeError):
        raise InputError(f"profile must be one of {', '.join(PROFILES)}, not {profile!r}") from None
