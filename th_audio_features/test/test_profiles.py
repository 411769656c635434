import dataclasses

import pytest

from th_audio_features import PROFILES
from th_audio_features.profiles import get_profile
from th_common.errors import InputError


def test_the_paper_is_at_44100_hz_with_33_ms_windows() -> None:
    paper = PROFILES["paper"]
    assert (paper.analysis_rate, paper.hop, paper.window, paper.period_quirk) == (44_100, 735, 1470, True)


def test_robot_hears_nothing_above_7600_hz() -> None:
    robot = PROFILES["robot"]
    assert (robot.analysis_rate, robot.hop, robot.window, robot.mel_high) == (24_000, 400, 800, 7600.0)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.name)
def test_hops_are_whole_samples_so_that_frames_never_drift(profile) -> None:
    assert profile.hop * 60 == profile.analysis_rate
    assert PROFILES[profile.name] is profile


def test_delays_are_ordered_as_promised() -> None:
    delays = {name: round(1e3 * p.delay, 1) for name, p in PROFILES.items()}
    assert delays == {"paper": 183.3, "robot": 83.3, "live": 33.3}


def test_a_profile_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PROFILES["paper"].name = "other"


@pytest.mark.parametrize("name", ["", "Paper", "radio", None, ["paper"]])
def test_an_unknown_profile_is_refused_by_name(name) -> None:
    with pytest.raises(InputError, match="profile must be one of paper, robot, live"):
        get_profile(name)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"analysis_rate": 22_050}, "multiple of 60 Hz"),
        ({"analysis_rate": 0}, "multiple of 60 Hz"),
        ({"mel_high": 12_001.0}, "half the analysis rate"),
        ({"f0_block": 0}, "f0_block"),
        ({"f0_lag": 1}, "f0_lag"),
        ({"f0_context": -1}, "f0_context"),
    ],
)
def test_a_profile_out_of_range_is_refused_in_words(wrong: dict, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        dataclasses.replace(PROFILES["robot"], **wrong)
