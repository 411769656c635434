import socket

import pytest

from th_face_renderer.display import page_guard as guard

NAMES = guard.own_names("Robot.example")


@pytest.mark.parametrize(
    "authority",
    ["localhost", "LOCALHOST:8765", "127.0.0.1:1", "192.168.1.7:8765", "[::1]:8765", "robot.example:80", "localhost."],
)
def test_addresses_and_own_names_are_served(authority: str) -> None:
    assert guard.host_allowed(authority, NAMES)


def test_the_machine_is_served_under_its_name() -> None:
    assert guard.host_allowed(f"{socket.gethostname()}:8765", NAMES)


@pytest.mark.parametrize(
    "authority",
    [
        "",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:8765",
        "localhost\r\nX: y",
        "a b",
        "[::1",
        "user@localhost",
    ],
)
def test_rebound_and_malformed_names_are_not(authority: str) -> None:
    assert not guard.host_allowed(authority, NAMES)


@pytest.mark.parametrize("origin", [None, "http://localhost:8765", "https://LocalHost:8765"])
def test_the_page_itself_and_programs_may_open_the_socket(origin: str | None) -> None:
    assert guard.origin_allowed(origin, "localhost:8765")


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.example",
        "http://localhost:9",
        "file://localhost:8765",
        "http://[",
        "http://localhost:8765@e",
    ],
)
def test_other_sites_may_not(origin: str) -> None:
    assert not guard.origin_allowed(origin, "localhost:8765")
