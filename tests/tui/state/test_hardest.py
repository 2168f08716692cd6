"""Which mistakes are shown on the first screen, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from support.tui import of_first_digits

from digit_tui.tui.state.hardest import HardestMistakes


def update(
    hardest: HardestMistakes, story: Any, count: int, going: bool = True, **confidences: float
) -> list[str]:
    """After an evaluation with these mistakes, d4=0.9 for instance: "4", or "4✓" if fixed."""
    labels = story.dataset.test_labels
    mistakes = {
        int(name[1:]): (int(labels[int(name[1:])] + 1) % 10, confidence)
        for name, confidence in confidences.items()
    }
    hardest.update(story.evaluated(mistakes), count, going)
    return [f"{each.digit}{'✓' * each.fixed}" for each in hardest.places]


def test_the_highest_loss_comes_first(story: Any) -> None:
    hardest = HardestMistakes()
    assert update(hardest, story, 3, d4=0.6, d17=0.9, d31=0.7, d250=0.8) == ["17", "250", "31"]


def test_also_at_the_next_evaluation(story: Any) -> None:
    hardest = HardestMistakes()
    assert update(hardest, story, 2, d4=0.9, d17=0.8) == ["4", "17"]
    assert update(hardest, story, 2, d4=0.8, d17=0.9) == ["17", "4"]
    assert update(hardest, story, 2, d4=0.8, d17=0.9, d31=0.99) == ["31", "17"]


def test_a_fixed_one_is_seen_once_more_at_the_end(story: Any) -> None:
    hardest = HardestMistakes()
    assert update(hardest, story, 2, d4=0.9, d17=0.8) == ["4", "17"]
    assert update(hardest, story, 2, d17=0.8, d31=0.7) == ["17", "4✓"]
    assert update(hardest, story, 2, d17=0.8, d31=0.7) == ["17", "31"]


def test_few_places_are_left_to_fixed_ones(story: Any) -> None:
    hardest = HardestMistakes()
    update(hardest, story, 4, d4=0.9, d17=0.8, d31=0.7, d250=0.6)
    assert update(hardest, story, 4, d500=0.9, d250=0.6) == ["500", "250", "4✓"]


def test_a_fixed_one_may_be_broken_again(story: Any) -> None:
    hardest = HardestMistakes()
    update(hardest, story, 1, d4=0.9)
    assert update(hardest, story, 1) == ["4✓"]
    assert update(hardest, story, 1, d4=0.9) == ["4"]
    assert update(hardest, story, 1) == ["4✓"]
    assert update(hardest, story, 1) == []


def test_no_fixed_ones_while_the_run_does_not_train(story: Any) -> None:
    hardest = HardestMistakes()
    update(hardest, story, 2, d4=0.9, d17=0.8)
    evaluated = story.evaluated({17: (3, 0.8)})
    hardest.update(evaluated, 2, True)
    assert [each.digit for each in hardest.places] == [17, 4]
    for going in (False, True):  # nor do they come back when it goes on
        hardest.update(evaluated, 2, going)
        assert [each.digit for each in hardest.places] == [17]
    assert update(hardest, story, 2, going=False, d31=0.9) == ["31"]


def test_another_size_changes_no_place(story: Any) -> None:
    hardest = HardestMistakes()
    evaluated = story.evaluated({4: (7, 0.9), 17: (3, 0.8), 31: (0, 0.7)})
    for count, digits in ((1, [4]), (3, [4, 17, 31]), (2, [4, 17])):
        hardest.update(evaluated, count, True)
        assert [each.digit for each in hardest.places] == digits


def test_a_network_that_diverged(story: Any) -> None:
    evaluated = story.evaluated({4: (7, 0.9)})
    evaluated.evaluation.losses[:] = np.nan
    hardest = HardestMistakes()
    hardest.update(evaluated, 2, True)
    assert [each.digit for each in hardest.places] == [4]


def test_another_split_begins_anew(story: Any) -> None:
    hardest = HardestMistakes()
    hardest.update(story.evaluated({4: (7, 0.9)}), 1, True)
    hardest.update(replace(story.evaluated({17: (3, 0.8)}), split="validation"), 1, True)
    assert [(each.digit, each.fixed) for each in hardest.places] == [(17, False)]


def test_another_dataset_begins_anew(story: Any) -> None:
    hardest = HardestMistakes()
    hardest.update(story.evaluated({250: (7, 0.9)}), 1, True)
    story.dataset = of_first_digits(story.dataset, 100)
    hardest.update(story.evaluated({17: (3, 0.8)}), 1, True)
    assert [(each.digit, each.fixed) for each in hardest.places] == [(17, False)]
