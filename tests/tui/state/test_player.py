"""The player of a saved run's events."""

from __future__ import annotations

from typing import Any

import pytest
from support.tui import Clock

from digit_tui.run.events import BranchEvent, EpochEnded, WentBack
from digit_tui.tui.state import player as player_module
from digit_tui.tui.state.player import Player


def kinds(events: list[Any]) -> list[str]:
    return [type(event).__name__ for event in events]


class TestPlayer:
    @pytest.fixture
    def player(self, clock: Clock) -> Player:
        return Player(speed=2.0, clock=clock)

    def test_events_come_at_their_time(self, player: Player, clock: Clock, story: Any) -> None:
        player.add([*story.opening(), *story.epochs(3)])
        assert kinds(player.play()) == ["Loaded", "RunStarted", "Evaluated"]
        clock.pass_(0.4)
        assert player.play() == []
        clock.pass_(0.1)  # two epochs a second
        assert kinds(player.play()) == ["StepsDone", "Evaluated", "EpochEnded"]
        assert player.position == 1
        clock.pass_(100)
        assert len(player.play()) == 6
        assert not player.finished  # there may be more

    def test_what_is_not_there_yet_is_waited_for(
        self, player: Player, clock: Clock, story: Any
    ) -> None:
        player.add(story.opening())
        player.play()
        clock.pass_(100)
        assert player.play() == []
        assert player.position == 0
        player.add(story.epochs(3))
        clock.pass_(0.5)
        assert player.play()[-1].epoch == 1

    def test_it_stands_still_when_it_is_stopped(
        self, player: Player, clock: Clock, story: Any
    ) -> None:
        player.add([*story.opening(), *story.epochs(3)])
        player.play()
        player.playing = False
        clock.pass_(100)
        assert player.play() == []
        player.playing = True
        clock.pass_(0.5)
        assert player.play()[-1].epoch == 1  # the time in between does not count

    def test_going_back_takes_no_time(self, player: Player, story: Any) -> None:
        player.add([*story.opening(), *story.epochs(3)])
        story.step, story.epoch = 100, 1.0
        player.add(
            [
                WentBack(100, 1.0, 300, 3.0, 0, (), (), story.settings, 1.0, (), 3.0, ()),
                *story.epochs(2),
            ]
        )
        assert player.end == 5  # three, and two more
        events = player.seek(3.0)
        assert kinds(events).count("EpochEnded") == 3
        assert kinds(events)[-1] == "WentBack"
        assert [event.epoch for event in player.seek(99) if isinstance(event, EpochEnded)] == [
            *(1, 2, 3),
            *(2, 3),
        ]

    def test_what_is_gone_to_and_not_there_yet_is_the_goal(
        self, player: Player, clock: Clock, story: Any
    ) -> None:
        player.add([*story.opening(), *story.epochs(2)])
        player.playing = False
        assert player.seek(5)[-1].epoch == 2
        assert player.goal == 5
        player.add(story.epochs(2))
        assert player.play()[-1].epoch == 4  # at once, whatever the speed
        player.add(story.epochs(3))
        assert player.play()[-1].epoch == 5
        assert player.goal is None
        clock.pass_(100)
        assert player.play() == []

    def test_a_goal_beyond_the_end_of_the_run_ends_there(self, player: Player, story: Any) -> None:
        player.add([*story.opening(), *story.epochs(2)])
        player.seek(5)
        player.add([*story.epochs(1), story.ended()])
        player.play()
        assert (player.goal, player.position) == (None, 3)
        player.seek(9)
        assert player.goal is None

    def test_what_happens_to_a_fork_moves_nothing(self, player: Player, story: Any) -> None:
        player.add([*story.opening(), *story.epochs(1)])
        player.add([BranchEvent(event) for event in story.epochs(1)])
        assert player.end == 1

    def test_the_end(self, player: Player, clock: Clock, story: Any) -> None:
        player.add([*story.opening(), *story.epochs(1), story.ended()])
        player.play()
        clock.pass_(10)
        assert "RunEnded" not in kinds(player.play())
        assert player.finished

    def test_evaluations_of_the_test_set_take_a_bounded_memory(
        self, player: Player, story: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        evaluated = story.evaluated()
        size = evaluated.evaluation.probabilities.nbytes + evaluated.network.parameters.nbytes
        monkeypatch.setattr(player_module, "EVALUATION_BYTES", 10 * size)
        player.add(story.opening())
        for _ in range(100):
            player.add(story.epochs(1))
        events = player.seek(1e9)
        assert kinds(events).count("EpochEnded") == 100
        assert 3 <= kinds(events).count("Evaluated") <= 10
