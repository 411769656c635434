import numpy as np

from th_training.aam.residuals import Residuals
from th_training.aam.round_trip import Trip


def trip(clip: str, frame: int, psnr: float) -> Trip:
    picture = np.zeros((4, 4, 3), np.uint8)
    return Trip(clip, frame, picture, picture, np.zeros(16), psnr, psnr, 1.0, 0.0)


def test_a_clip_that_broke_off_leaves_nothing_behind() -> None:
    residuals = Residuals()
    for frame in range(30):
        residuals.add(trip("whole", frame, 30.0 + frame))
    before = residuals.figures()
    for frame in range(3):
        residuals.add(trip("broken", frame, 10.0))
    residuals.forget("broken")
    residuals.forget("never seen")
    after = residuals.figures()
    assert after["all"] == before["all"]
    assert list(after["clips"]) == ["whole"]
    assert residuals.worst()[0].frame == 0
    assert {trip.clip for trip in residuals.worst()} == {"whole"}


def test_the_worst_come_first() -> None:
    residuals = Residuals()
    list(residuals.taking(trip("clip", frame, psnr) for frame, psnr in enumerate([35.0, 31.0, 33.0])))
    assert [trip.frame for trip in residuals.worst()] == [1, 2, 0]
