from th_face_renderer.display.page_outbox import MAX_PICTURES, MAX_SOUND, Outbox


def drain(box: Outbox) -> list[str | bytes]:
    taken = []
    while (message := box.take()) is not None:
        taken.append(message)
    return taken


def test_sound_goes_before_pictures_and_info_before_all() -> None:
    box = Outbox()
    box.listen(True)
    box.put_picture(b"p1")
    box.put_sound(b"s1", 0.02)
    box.put_info("old")
    box.put_sound(b"s2", 0.02)
    box.put_info("new")
    assert drain(box) == ["new", b"s1", b"s2", b"p1"]


def test_a_stop_empties_the_box_and_goes_first() -> None:
    box = Outbox()
    box.listen(True)
    box.put_picture(b"p1")
    box.put_sound(b"s1", 0.02)
    box.put_info("info")
    box.put_stop("stop")
    box.put_picture(b"rest")
    assert drain(box) == ["stop", "info", b"rest"]


def test_a_full_box_loses_its_oldest_pictures_and_no_sound() -> None:
    box = Outbox()
    box.listen(True)
    for i in range(MAX_PICTURES + 3):
        box.put_sound(b"s%d" % i, 0.02)
        box.put_picture(b"p%d" % i)
    sounds = [b"s%d" % i for i in range(MAX_PICTURES + 3)]
    assert drain(box) == sounds + [b"p%d" % i for i in range(3, MAX_PICTURES + 3)]
    assert (box.dropped_pictures, box.dropped_sound) == (3, 0)


def test_sound_is_bounded_in_seconds() -> None:
    box = Outbox()
    box.listen(True)
    for i in range(100):
        box.put_sound(b"%d" % i, 0.125)
    kept = drain(box)
    assert kept[-1] == b"99"
    assert len(kept) == MAX_SOUND / 0.125
    assert box.dropped_sound == 100 - len(kept)


def test_who_does_not_listen_gets_no_sound() -> None:
    box = Outbox()
    box.put_sound(b"before", 0.02)
    box.listen(True)
    box.put_sound(b"while", 0.02)
    box.listen(False)
    box.put_sound(b"after", 0.02)
    assert drain(box) == []


def test_only_the_newest_of_each_kind_waits_and_they_have_an_order() -> None:
    box = Outbox()
    box.put_picture(b"picture")
    for text in ("old", "new"):
        box.put_estimate(text)
        box.put_note(f"{text} note")
    box.put_info("info")
    assert [box.take() for _ in range(5)] == ["info", "new note", "new", b"picture", None]
