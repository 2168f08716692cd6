"""The digits that look most alike, and the thread that finds them."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from digit_tui.data import Dataset
from digit_tui.insight.neighbours import hidden_features, nearest
from digit_tui.nn import Network
from digit_tui.tui import neighbour_finder
from digit_tui.tui.neighbour_finder import (
    FoundNeighbours,
    NeighbourFinder,
    NeighbourQuery,
    SearchFailed,
)
from digit_tui.tui.widgets.neighbours import NeighbourRow


class TestLookAlikes:
    async def test_they_are_those_of_the_last_hidden_layer(
        self, explain: Any, sample: Dataset, network: Network
    ) -> None:
        async with explain() as opened:
            await opened.until(lambda: "nearest in" in opened.text)
            await opened.settle()
            features = hidden_features(network, sample.train_images)
            (query,) = hidden_features(network, sample.test_images[31:32])
            indices, distances = nearest(features, query, 5)
            captions = [
                f"{sample.train_labels[index]} {distance:.2f}"
                for index, distance in zip(indices, distances, strict=True)
            ]
            opened.find(" +".join(captions))

    async def test_they_are_waited_for_and_forgotten_at_the_end(
        self, explain: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        go_on = Event()

        def slow(*values: Any) -> Any:
            go_on.wait(20)
            return hidden_features(*values)

        monkeypatch.setattr(neighbour_finder, "hidden_features", slow)
        async with explain() as opened:
            opened.find("finding nearest training digits ...")
            await opened.press("down")
            go_on.set()
            await opened.until(lambda: "nearest in" in opened.text)
            row = opened.app.screen.query_one(NeighbourRow)
            thread = row._finder._thread
            await opened.press("escape")
            thread.join(20)
            assert not thread.is_alive()
            assert row._found is None

    async def test_a_failure_is_shown_and_the_next_digit_tries_again(
        self, explain: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trouble: list[Exception] = [MemoryError("Unable to allocate 61 MB")]

        def once(*values: Any) -> Any:
            if trouble:
                raise trouble.pop()
            return hidden_features(*values)

        monkeypatch.setattr(neighbour_finder, "hidden_features", once)
        async with explain() as opened:
            await opened.until(lambda: "not found" in opened.text)
            opened.find("MemoryError: Unable to allocate 61 MB")
            await opened.press("down")
            await opened.until(lambda: "nearest in" in opened.text)

    async def test_nothing_is_computed_where_they_do_not_fit(self, explain: Any) -> None:
        async with explain(60, 20) as opened:
            row = opened.app.screen.query_one(NeighbourRow)
            assert row._finder._thread is None
            await opened.resize(80, 24)
            await opened.until(lambda: "nearest in" in opened.text)


class Answers:
    """Collects the answers of a finder."""

    def __init__(self) -> None:
        self.all: list[FoundNeighbours] = []
        self.came = Event()
        self.finder = NeighbourFinder(self._take)

    def _take(self, answer: FoundNeighbours | SearchFailed) -> None:
        assert isinstance(answer, FoundNeighbours)
        self.all.append(answer)
        self.came.set()

    def next(self) -> FoundNeighbours:
        assert self.came.wait(20)
        self.came.clear()
        return self.all[-1]


@pytest.fixture
def answers() -> Iterator[Answers]:
    made = Answers()
    yield made
    made.finder.close()


class TestFinder:
    def question(
        self, sample: Dataset, network: Network, epoch: float, at_once: bool = False, digit: int = 3
    ) -> NeighbourQuery:
        return NeighbourQuery(
            digit, sample.test_images[digit], network, epoch, sample.train_images, at_once
        )

    def test_a_newer_network_waits_its_turn_but_not_in_a_pause(
        self, answers: Answers, sample: Dataset, network: Network, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(neighbour_finder, "SHARE", 1e-9)
        newer = network.copy()
        answers.finder.ask(self.question(sample, network, 1.0))
        assert answers.next().epoch == 1.0
        answers.finder.ask(self.question(sample, newer, 2.0))
        assert answers.next().epoch == 1.0
        answers.finder.ask(self.question(sample, newer, 2.0, at_once=True))
        assert answers.next().epoch == 2.0

    def test_the_features_serve_for_other_digits(
        self, answers: Answers, sample: Dataset, network: Network, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sizes = []

        def counted(network: Network, images: Any) -> Any:
            sizes.append(len(images))
            return hidden_features(network, images)

        monkeypatch.setattr(neighbour_finder, "hidden_features", counted)
        for digit in (3, 4, 5):
            answers.finder.ask(self.question(sample, network, 1.0, True, digit))
            assert answers.next().digit == digit
        assert sorted(sizes) == [1, 1, 1, len(sample.train_images)]

    def test_only_the_latest_is_answered(
        self, answers: Answers, sample: Dataset, network: Network, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun, go_on = Event(), Event()

        def slow(*values: Any) -> Any:
            begun.set()
            go_on.wait(20)
            return hidden_features(*values)

        monkeypatch.setattr(neighbour_finder, "hidden_features", slow)
        answers.finder.ask(self.question(sample, network, 1.0, True, 3))
        assert begun.wait(20)
        for digit in (4, 5, 6):
            answers.finder.ask(self.question(sample, network, 1.0, True, digit))
        go_on.set()
        assert answers.next().digit == 6
        assert len(answers.all) == 1

    def test_it_can_be_closed_and_asked_again(
        self, answers: Answers, sample: Dataset, network: Network
    ) -> None:
        for _ in range(20):
            answers.finder.ask(self.question(sample, network, 1.0))
            answers.finder.close()
        answers.came.clear()
        answers.finder.ask(self.question(sample, network, 7.0, True, 8))
        while answers.next().digit != 8:
            pass
