from __future__ import annotations

from digit_tui.training.pace import Pace


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_takes_no_more_than_its_share() -> None:
    clock = Clock()
    pace = Pace(0.02, clock)
    assert pace.allowed  # nothing is known of what it takes
    with pace:
        clock.now += 0.1
    assert not pace.allowed
    clock.now += 4.9
    assert not pace.allowed
    clock.now += 0.2
    assert pace.allowed
    with pace:
        clock.now += 1
    assert pace.waited == 0
    assert abs(pace.spent - 1.1) < 1e-9


def test_something_quick_is_allowed_often() -> None:
    clock = Clock()
    pace = Pace(0.02, clock)
    for _ in range(100):
        assert pace.allowed
        with pace:
            clock.now += 0.001
        clock.now += 0.06
    assert pace.spent < 0.02 * (clock.now - 100)


def test_what_it_takes_may_be_measured_by_another_clock() -> None:
    clock, processor = Clock(), Clock()
    pace = Pace(0.02, clock, processor)
    with pace:
        clock.now += 50  # the processor did something else
        processor.now += 0.1
    assert pace.waited == 0
    clock.now += 4.9
    assert not pace.allowed
    clock.now += 0.2
    assert pace.allowed
    assert abs(pace.spent - 0.1) < 1e-9


def test_another_share() -> None:
    clock = Clock()
    pace = Pace(0.02, clock)
    with pace:
        clock.now += 0.1
    clock.now += 1.1
    assert not pace.allowed
    assert pace.allowed_at(0.1)
    assert not pace.allowed_at(0.05)
