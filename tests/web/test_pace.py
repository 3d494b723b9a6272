"""How fast one client may ask, by a clock that the test turns."""

import pytest

from rag.web import pace
from rag.web.pace import Pace


@pytest.fixture
def clock():
    return [1000.0]


def paced(per_minute, clock):
    return Pace(per_minute, lambda: clock[0])


def test_a_minutes_worth_at_once_and_then_one_at_a_time(clock):
    limit = paced(6, clock)
    assert [limit.take("a") for _ in range(7)] == [0.0] * 6 + [10.0]
    clock[0] += 4
    assert limit.take("a") == pytest.approx(6.0)  # what was refused wasn't counted
    clock[0] += 6
    assert limit.take("a") == 0.0
    assert limit.take("a") == pytest.approx(10.0)


def test_waiting_longer_saves_no_more_than_a_minutes_worth(clock):
    limit = paced(2, clock)
    limit.take("a")
    clock[0] += 3600
    assert [limit.take("a") > 0 for _ in range(3)] == [False, False, True]


def test_clients_are_told_apart(clock):
    limit = paced(1, clock)
    assert limit.take("a") == 0.0
    assert limit.take("b") == 0.0
    assert limit.take("a") > 0


def test_what_is_given_back_was_not_taken(clock):
    limit = paced(1, clock)
    for _ in range(3):
        assert limit.take("a") == 0.0
        limit.give_back("a")
    limit.give_back("never seen")
    assert limit.take("a") == 0.0
    assert limit.take("a") > 0


def test_0_is_any_number(clock):
    limit = paced(0, clock)
    assert not any(limit.take("a") for _ in range(1000))


def test_those_that_asked_longest_ago_are_forgotten(clock, monkeypatch):
    monkeypatch.setattr(pace, "MAX_CLIENTS", 2)
    limit = paced(1, clock)
    for client in ("a", "b", "a", "c"):
        limit.take(client)
    assert limit.take("a") > 0
    assert limit.take("b") == 0.0
