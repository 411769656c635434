from th_common.patience import LONGEST, Patience


def test_an_even_source_is_waited_for_no_longer_than_the_timeout() -> None:
    patience = Patience()
    assert not patience.ended(0.3, 0.3)
    assert patience.ended(0.31, 0.3)
    for _ in range(100):
        patience.went_on(0.016)
    assert not patience.ended(0.31, 0.3)
    assert patience.ended(0.32, 0.3)


def test_a_source_that_sends_in_bursts_is_known_after_its_first_pause() -> None:
    patience = Patience()
    for _ in range(5):
        patience.went_on(0.5)
        for _ in range(30):
            patience.went_on(0.0)
        assert not patience.ended(0.7, 0.3)
    assert patience.ended(0.9, 0.3)


def test_an_unusual_pause_is_forgotten() -> None:
    patience = Patience()
    patience.went_on(1.0)
    for _ in range(1000):
        patience.went_on(0.016)
    assert patience.ended(0.33, 0.3)


def test_nobody_is_waited_for_without_end() -> None:
    patience = Patience()
    patience.went_on(1e9)
    patience.went_on(-5.0)
    assert patience.ended(0.3 + LONGEST + 0.01, 0.3)
