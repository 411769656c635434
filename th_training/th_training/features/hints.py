"""What a person should know about a recording before they doubt the face, in words."""

from __future__ import annotations

import math

from th_training.features.analyse import Analysis

ENOUGH = 60  # frames that tell something about speech as such


def hints(analysis: Analysis) -> list[str]:
    """One phrase for each thing that is unusual, the gravest first; none for a good recording."""
    facts = analysis.facts
    if facts.level == -math.inf:
        return ["digital silence: every sample is zero"]
    return [*_broken(analysis), *_channels(analysis), *_level(analysis), *_band(analysis), *_voice(analysis)]


def _broken(analysis: Analysis) -> list[str]:
    facts, found = analysis.facts, []
    if facts.replaced:
        found.append(f"{facts.replaced} samples were NaN or infinite, and count as silence")
    if analysis.limited:
        found.append(f"{analysis.limited} samples are beyond 16 times full scale: floats go from -1 to 1")
    elif facts.clipped_share > 1e-4:
        found.append(f"clipped: {percent(facts.clipped_share)} of the samples are at full scale; lower the gain")
    if facts.flat_top is not None:
        found.append(f"flat tops at {100 * facts.flat_top:.0f} % of full scale: clipped before it was turned down")
    return found


def _channels(analysis: Analysis) -> list[str]:
    facts = analysis.facts
    if facts.silent_channels:
        return [f"{facts.silent_channels} of {facts.channels} channels silent: their mean, which is heard, is weaker"]
    if facts.cancelled > 9.0:
        return [f"the channels cancel each other: their mean, which is heard, is {facts.cancelled:.0f} dB weaker"]
    return []


def _level(analysis: Analysis) -> list[str]:
    facts, found = analysis.facts, []
    if analysis.loud < -60:
        found.append(f"almost silent: its loud frames have {analysis.loud:.0f} dBFS")
    elif analysis.loud < -42:
        found.append(f"quiet: its loud frames have {analysis.loud:.0f} dBFS; raise the gain")
    offset = abs(facts.offset) > max(0.002, 0.1 * 10 ** (facts.level / 20))
    if offset:
        found.append(f"DC offset: {100 * facts.offset:+.1f} % of full scale; e is too high in pauses")
    if analysis.loud - analysis.quiet < 12 and analysis.loud >= -60 and analysis.frames >= ENOUGH and not offset:
        found.append(f"only {analysis.loud - analysis.quiet:.0f} dB between loud and quiet frames: noise, or no pauses")
    return found


def _band(analysis: Analysis) -> list[str]:
    """Sound that ends well below what the profile hears has, to the model, another timbre."""
    edge, profile = analysis.facts.edge, analysis.profile
    if edge is None:
        return []
    if edge < 3000:
        return [f"nothing above {edge / 1000:.1f} kHz: no speech sounds like that"]
    if edge < 4200:
        return [f"nothing above {edge / 1000:.1f} kHz, a telephone's band: {profile.name} hears another timbre"]
    heard = profile.mel_high or profile.analysis_rate / 2
    # Speech itself ends 50 dB below its peak near 12 kHz, a recording of 16 kHz a little below 8.
    if analysis.facts.rate < 2 * heard or edge < min(0.7 * heard, 8100.0):
        ends, hears = f"{edge / 1000:.1f} kHz", f"{heard / 1000:.1f} kHz"
        return [f"nothing above {ends}; {profile.name} listens up to {hears}, and hears another timbre"]
    return []


def _voice(analysis: Analysis) -> list[str]:
    if analysis.loud < -60 or analysis.frames < ENOUGH:
        return []
    if analysis.voiced < 0.02:
        return ["no voice: hardly any frame has an F0"]
    if analysis.voiced > 0.95:
        return [f"voiced in {100 * analysis.voiced:.0f} % of the frames (speech: 30 to 80 %): a hum, a tone or music"]
    return []


def percent(share: float) -> str:
    """0.0314 -> "3.1 %"."""
    return f"{100 * share:.{2 if share < 0.01 else 1 if share < 0.1 else 0}f} %"
