"""Keys and the commands they send."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from support.rarely import rarely
from textual.command import CommandPalette
from textual.widgets import Input, OptionList

from digit_tui.config import AUGMENTATIONS
from digit_tui.run import commands
from digit_tui.run import events as happened
from digit_tui.run.remedies import ALL_DONE
from digit_tui.tui import key_words
from digit_tui.tui.app import DigitApp
from digit_tui.tui.bindings import OPTIMIZER_KEYS
from digit_tui.tui.committee.app import CommitteeApp
from digit_tui.tui.key_words import key_sign
from digit_tui.tui.palette import GROUPS, LEFT_OUT
from digit_tui.tui.replay import ReplayApp
from digit_tui.tui.sweep.app import SweepApp

KEYS: dict[str, commands.Command] = {
    "space": commands.Pause(),
    "n": commands.StepBatch(),
    "N": commands.StepEpoch(),
    **{key: commands.SetOptimizer(name) for key, name in OPTIMIZER_KEYS.items()},
    "left_square_bracket": commands.ScaleLearningRate(0.5),
    "right_square_bracket": commands.ScaleLearningRate(2.0),
    "c": commands.SetClipping(norm=1.0),
    "S": commands.SetSam(0.05),
    "a": commands.SetAugmentation("shift"),
    "e": commands.AddEpochs(10),
    "s": commands.Save(),
}


async def test_a_key_sends_its_command(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), story.steps(10))
        for key, command in KEYS.items():
            opened.sent.clear()
            await opened.press(key)
            assert opened.sent == [command], key


async def test_keys_work_in_the_other_view_too(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), story.steps(10))
        await opened.press("tab", "space", "n", "right_square_bracket", "s")
        assert opened.sent == [
            commands.Pause(),
            commands.StepBatch(),
            commands.ScaleLearningRate(2.0),
            commands.Save(),
        ]


async def test_space_goes_by_what_the_run_confirmed(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), story.steps(10))
        # Until the run says that it paused, it is training.
        await opened.press("space", "space")
        assert opened.sent == [commands.Pause(), commands.Pause()]
        await opened.tell(story.paused())
        await opened.press("space", "space")
        assert opened.sent[2:] == [commands.Resume(), commands.Resume()]
        await opened.tell(story.resumed())
        await opened.press("space")
        assert opened.sent[4:] == [commands.Pause()]


@pytest.mark.parametrize("reason", ["epoch", "diverged", *rarely("batch", "finished")])
async def test_space_goes_on_after_any_pause(window: Any, story: Any, reason: str) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), story.steps(10), story.paused(reason))
        await opened.press("space")
        assert opened.sent == [commands.Resume()]


async def test_clipping_goes_from_norm_to_value_to_off(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        await opened.press("c")
        await opened.tell(story.changed("clip_norm", 1.0))
        await opened.press("c")
        await opened.tell(story.changed("clip_norm", None), story.changed("clip_value", 0.1))
        await opened.press("c")
        await opened.tell(story.changed("clip_value", None))
        await opened.press("c")
        norm, value = commands.SetClipping(norm=1.0), commands.SetClipping(value=0.1)
        assert opened.sent == [norm, value, commands.SetClipping(), norm]


async def test_augmentation_goes_round(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        for _ in AUGMENTATIONS:
            await opened.press("a")
            await opened.tell(story.changed("augment", opened.sent[-1].name))
        wanted = [*AUGMENTATIONS[1:], AUGMENTATIONS[0]]
        assert opened.sent == [commands.SetAugmentation(name) for name in wanted]


async def test_a_refusal_is_told_where_no_log_is_in_sight(window: Any, story: Any) -> None:
    async with window() as opened:
        refused = happened.Refused(0, "All epochs are done", ALL_DONE)
        await opened.tell(*story.opening(), refused)
        assert not list(opened.app._notifications)
        await opened.press("tab")
        await opened.tell(refused)
        await opened.press("U")
        lines = [line.text for line in opened.app.model.log][-2:]
        assert lines[0] == "All epochs are done: e adds ten"
        assert lines[1].startswith("no snapshot to go back to yet: ")
        assert [each.message for each in opened.app._notifications] == lines


async def test_a_change_is_told_where_no_log_is_in_sight(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), story.changed("augment", "affine"))
        assert not list(opened.app._notifications)
        await opened.press("tab")
        await opened.tell(story.changed("augment", "elastic"))
        (told,) = opened.app._notifications
        assert told.message == f"{opened.app.model.log[-1].text}; u takes back the last of it"
        old = story.settings
        new = replace(old, optimizer="sgd", learning_rate=0.1)
        names = ("optimizer", "learning_rate")
        await opened.tell(*happened.SettingChanged.all_between(0, 0.0, old, new, names))
        _, of_both = opened.app._notifications  # what one command sets is told once
        assert of_both.message.endswith("adam → sgd, learning rate 0.001 → 0.1; u takes it back")
        opened.app.model.repeats_to = 0.5
        await opened.tell(story.changed("augment", "none"))
        assert [*opened.app._notifications] == [told, of_both]


async def test_a_rate_that_is_doubled_again_and_again_is_one_notice(
    window: Any, story: Any
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        await opened.press("tab")
        for rate in (0.002, 0.004, 0.008):
            await opened.tell(story.changed("learning_rate", rate))
        (told,) = opened.app._notifications
        assert "0.001 → 0.008" in told.message


class TestPalette:
    @pytest.mark.parametrize("mode", ["mistakes", *rarely("train")])
    async def test_it_offers_what_can_be_done_in_groups(
        self, window: Any, story: Any, mode: str
    ) -> None:
        async with window(80, 100) as opened:
            await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}))
            if mode == "mistakes":
                await opened.press("tab")
            active = opened.app.screen.active_bindings.values()
            works = {each.binding.id for each in active if each.enabled}
            await opened.press("ctrl+p")
            await opened.until(lambda: "Read the manual" in opened.text)
            start, end = (at for at, row in enumerate(opened.rows) if row.startswith(("▔", "▁")))
            rows = [row for row in opened.rows[start + 3 : end] if re.match(r"  .{16}\S* ", row)]
            assert [row[2:18].strip() for row in rows if row[2:18].strip()] == list(GROUPS)
            shown = {(row[18:24].strip(), row[25:]) for row in rows}
            groups = dict(DigitApp.key_groups())
            for binding in [*groups["Everywhere"], *groups[opened.app.screen_stack[0].TAB]]:
                entry = (opened.app.get_key_display(binding), binding.tooltip)
                assert (entry in shown) == (binding.id in works - LEFT_OUT), binding
            assert ("", "Go to Confusion") in shown

    async def test_a_command_is_found_by_its_short_name_too(self, window: Any) -> None:
        async with window() as opened:
            await opened.press("ctrl+p")
            opened.app.screen.query_one(Input).value = "undo"
            await opened.until(lambda: "Fork and undo   u " in opened.text)

    @pytest.mark.parametrize(
        ("word", "found"),
        [("timeline", "U "), ("compare", "f "), ("faster", "] "), ("wrong", "Go to Mistakes")],
    )
    async def test_or_by_what_a_person_would_call_it(
        self, window: Any, word: str, found: str
    ) -> None:
        async with window() as opened:
            await opened.press("ctrl+p")
            opened.app.screen.query_one(Input).value = word
            await opened.until(lambda: found in opened.text)

    async def test_whole_words_come_first(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            opened.app.show_view("draw")  # it has keys whose names have these letters
            await opened.settle()
            await opened.press("ctrl+p")
            options = opened.app.screen.query_one(OptionList)
            for word, keys in (("sam", "S"), ("undo", "uU"), ("help", "?"), ("brush", "b")):
                opened.app.screen.query_one(Input).value = word
                await opened.settle()
                first = [str(each.prompt) for each in options.options[: len(keys)]]
                assert [line[16:].split()[0] for line in first] == [*keys]

    def test_each_key_of_the_run_has_a_group(self) -> None:
        listed = [id for ids in GROUPS.values() for id in ids]
        assert len(set(listed)) == len(listed)
        of_views = {each.id for name, group in DigitApp.key_groups()[1:] for each in group}
        apps = (DigitApp, ReplayApp, SweepApp, CommitteeApp)
        of_apps = {each.id for app in apps for each in app.key_groups()[0][1]}
        assert of_apps == (set(listed) - of_views) | LEFT_OUT

    @pytest.mark.parametrize(
        ("words", "command"),
        [
            ("Pause, or train on", commands.Pause()),
            ("Go on with momentum", commands.SetOptimizer("momentum")),
            ("Double the learning rate", commands.ScaleLearningRate(2.0)),
        ],
    )
    async def test_a_command_does_what_its_key_does(
        self, window: Any, story: Any, words: str, command: commands.Command
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(10))
            await choose(opened, words)
            assert opened.sent == [command]

    async def test_a_command_of_the_view_reaches_the_view(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(2))
            opened.find("Loss by epoch, log")
            await choose(opened, "Use logarithmic or linear axes")
            assert "by epoch, log" not in opened.text


async def choose(opened: Any, words: str) -> None:
    """Type a command into the palette and choose it."""
    await opened.press("ctrl+p")
    assert isinstance(opened.app.screen, CommandPalette)
    palette = opened.app.screen
    palette.query_one(Input).value = words
    await opened.until(lambda: len(palette.query_one(OptionList).options) == 1)
    await opened.press("down", "enter")
    await opened.until(lambda: not isinstance(opened.app.screen, CommandPalette))
    await opened.settle()


def test_a_key_whose_sign_the_terminal_cannot_show_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert [key_sign(each) for each in ("enter", "ctrl+left", "question_mark")] == [
        "⏎",
        "ctrl+←",
        "?",
    ]
    monkeypatch.setattr(key_words, "shows", str.isascii)  # or "/" would stand for ⏎, and "<" for ←
    named = ["enter", "ctrl+left", "?"]
    assert [key_sign(each) for each in ("enter", "ctrl+left", "question_mark")] == named
