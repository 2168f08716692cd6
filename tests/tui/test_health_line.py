"""What ails a run is said on the training view, and in full on a page of Network."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from support.rarely import rarely
from support.steering import DOUBLED, back, forked, of_fork
from support.tui import Clock

from digit_tui.insight.health.finding import HARMED, LOST, Finding
from digit_tui.run.commands import GoBack
from digit_tui.run.events import ForkEnded, SettingChanged, SnapshotInfo, TimelineChanged
from digit_tui.run.inspection import facts_of
from digit_tui.session.health_check import Health
from digit_tui.session.health_check import check_health as check
from digit_tui.tui import health_watch, inspector
from digit_tui.tui.screens.network.health import HealthPage
from digit_tui.tui.screens.network.view import NetworkView

DEAD = Finding(
    *("dead units", HARMED, 0.5, 50, "41% of layer 1 is dead", "26 of 64 units are 0"),
    *("learning rate 0.002 → 0.004 at step 40", ("undo", "halve_rate")),
)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Finding]]:
    """What is found in a run and a fork, instead of what is there: a told story fits no network."""
    findings: dict[str, list[Finding]] = {"run": [], "fork": []}

    def told(record: Any, *known: Any) -> Health:
        branch = (
            "fork" if any(each.setting == "learning_rate" for each in record.changes) else "run"
        )
        return replace(check(record, *known), findings=[*findings[branch]])

    monkeypatch.setattr(health_watch, "check_health", told)
    return findings


async def watched(opened: Any, story: Any, seed: int = 0) -> Health:
    """An epoch, after which the health is checked."""
    before = opened.app.model.health
    await opened.tell(*story.epochs(1))
    await opened.tell(story.inspected(seed))
    await opened.until(lambda: opened.app.model.health is not before)
    await opened.settle()
    health: Health = opened.app.model.health
    return health


async def test_nothing_is_said_where_nothing_is_wrong(
    window: Any, story: Any, found: dict[str, list[Finding]]
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        health = await watched(opened, story)
        assert [each.step for each in health.record.inspections] == [100]
        assert health.record.training_check is not None
        assert not opened.app.screen.query_one("HealthLine").display
        opened.app.show_health()
        await opened.until(lambda: "No check finds anything beyond its limit." in opened.text)
        opened.find("Looked at: 1 epoch, the layers at step 100")
        opened.find("Checked for: trouble, not finite, ")


async def test_the_worst_is_said_with_the_keys_that_mend_it(
    window: Any, story: Any, found: dict[str, list[Finding]]
) -> None:
    found["run"].append(DEAD)
    async with window() as opened:
        await opened.tell(*story.opening())
        await watched(opened, story)
        row = next(at for at, text in enumerate(opened.rows) if "layer 1 is dead" in text)
        assert "since epoch 0.5: u goes back" in opened.rows[row]
        await opened.pilot.click(offset=(3, row))
        await opened.until(lambda: isinstance(opened.app.screen, NetworkView))
        assert isinstance(opened.app.screen.page, HealthPage)
        await opened.until(lambda: "1  41% of layer 1 is dead since epoch 0.50" in opened.text)
        opened.find("likely cause: learning rate 0.002 → 0.004 at step 40")


async def test_it_is_gone_when_it_is_mended(
    window: Any, story: Any, found: dict[str, list[Finding]]
) -> None:
    found["run"].append(DEAD)
    async with window() as opened:
        await opened.tell(*story.opening(), story.paused())
        await watched(opened, story)
        assert "is dead" in opened.text
        found["run"].clear()
        await opened.tell(story.paused())
        await watched(opened, story, seed=3)
        assert "is dead" not in opened.text
        assert len(opened.app.model.history.inspections) == 2


async def test_a_setting_that_is_changed_in_a_pause_is_looked_at(window: Any, story: Any) -> None:
    """What a run would do in its next step is told before it does it."""
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1), story.paused())
        await opened.tell(story.inspected())
        await opened.until(lambda: opened.app.model.health is not None)
        looks, before = opened.app.runner.looks, opened.app.model.health
        await opened.tell(story.changed("learning_rate", 1_000.0))
        await opened.until(lambda: opened.app.runner.looks == looks + 1)
        state = story.inspected()
        settings = replace(state.state.settings, learning_rate=1_000.0)
        changed = replace(state, state=replace(state.state, settings=settings), learning_rate=1e3)
        await opened.tell(changed)
        await opened.until(lambda: opened.app.model.health is not before)
        assert "high rate" in [each.rule for each in opened.app.model.health.findings]
        assert len(opened.app.model.history.inspections) == 1


async def fork(opened: Any, story: Any) -> None:
    """A run that was forked after an epoch."""
    settings = replace(story.settings, learning_rate=1.0)
    begun = replace(forked(story, "learning rate 1"), settings=settings)
    await opened.tell(*story.opening(), *story.epochs(1), begun)
    change = SettingChanged(
        story.step, story.epoch, "learning_rate", story.settings.learning_rate, 1.0, settings
    )
    await opened.tell(*of_fork(change), story.paused())


async def both_watched(opened: Any, story: Any) -> None:
    """An epoch of a run and its fork, after which the health of both is checked."""
    model = opened.app.model
    before = model.fork.health
    await opened.tell(*story.epochs(1))
    await opened.tell(*of_fork(story.evaluated()), story.inspected(1))
    assert model.fork.health is before  # the state of the fork comes right after it
    await opened.tell(*of_fork(story.inspected(2)))
    await opened.until(lambda: model.fork.health is not before)
    await opened.settle()


@pytest.mark.parametrize("size", [(80, 24), *rarely((120, 40))])
async def test_what_ails_a_fork_is_said_too(
    window: Any, story: Any, found: dict[str, list[Finding]], size: tuple[int, int]
) -> None:
    async with window(*size) as opened:
        await fork(opened, story)
        await both_watched(opened, story)
        model = opened.app.model
        assert "is dead" not in opened.text
        assert len(model.fork.history.inspections) == 1
        runs, forks = (each.health.inspection for each in (model, model.fork))
        assert runs.layers != forks.layers
        found["fork"].append(DEAD)
        await both_watched(opened, story)
        line = opened.find("fork: 41% of layer 1 is dead.*")
        assert "u goes back" not in line  # that is for the run
        opened.app.show_health()
        await opened.until(lambda: "The fork (learning rate 1)" in opened.text)
        opened.find("The run$")
        opened.find("No check finds anything beyond its limit")
        opened.find("1  41% of layer 1 is dead since epoch 0.50")
        found["run"].append(DEAD._replace(words="the run is ill"))
        await both_watched(opened, story)
        opened.app.show_view("train")
        await opened.settle()
        assert "u goes back" not in opened.find("the run is ill.*")  # not beside a fork
        assert "fork: 41%" not in opened.text
        found["fork"][0] = DEAD._replace(severity=LOST)
        await both_watched(opened, story)
        opened.find("fork: 41% of layer 1 is dead")


async def test_the_health_of_a_fork_that_is_kept_is_that_of_the_run(
    window: Any, story: Any, found: dict[str, list[Finding]]
) -> None:
    found["fork"].append(DEAD)
    async with window() as opened:
        await fork(opened, story)
        await both_watched(opened, story)
        await opened.tell(ForkEnded(story.step, "fork", "/runs/left", "asked"))
        assert "fork: 41%" not in opened.text
        opened.find("41% of layer 1 is dead since epoch 0.5")


async def test_the_layers_are_looked_at_once_for_all(
    window: Any, story: Any, found: dict[str, list[Finding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    monkeypatch.setattr(
        inspector, "facts_of", lambda *known: looked.append(known[0]) or facts_of(*known)
    )
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1), story.paused())
        opened.app.show_view("network")
        await opened.settle()
        assert opened.app.runner.looks == 1
        state = story.inspected()
        await opened.tell(state)
        await opened.until(lambda: "▸1" in opened.text and opened.app.model.health is not None)
        await opened.press("down")
        await opened.until(lambda: "Weights of the output" in opened.text)
        assert looked == [state]
        assert opened.app.runner.looks == 1


async def test_it_is_not_checked_where_it_is_not_seen(
    window: Any, story: Any, found: dict[str, list[Finding]]
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        await opened.press("tab")
        looks = opened.app.runner.looks
        await opened.tell(*story.epochs(1), story.paused(), *story.epochs(1))
        assert opened.app.runner.looks == looks
        assert opened.app.model.health is None


class Watch:
    """The clocks of the watch, and what its checks take."""

    def __init__(self, seconds: float, processor_seconds: float) -> None:
        self.clock, self.processor = Clock(), Clock()
        self.seconds, self.processor_seconds = seconds, processor_seconds
        self.checks = 0
        self.findings: list[Finding] = []
        """Of each look at the layers."""

    def pass_(self) -> None:
        self.checks += 1
        self.clock.pass_(self.seconds)
        self.processor.pass_(self.processor_seconds)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """A check takes a second of the processor, of ten that pass."""
    made = Watch(10.0, 1.0)

    def told(*known: Any) -> Health:
        looked = known[-1] is not None
        if looked:
            made.pass_()
        return replace(check(*known), findings=[*made.findings] if looked else [])

    monkeypatch.setattr(health_watch, "check_health", told)
    monkeypatch.setattr(health_watch, "perf_counter", made.clock)
    monkeypatch.setattr(health_watch, "thread_time", made.processor)
    return made


async def goes_on(opened: Any, story: Any) -> None:
    """An epoch, of which a look inside is there if anybody asked for it."""
    looks = opened.app.runner.looks
    await opened.tell(*story.epochs(1))
    if opened.app.runner.looks > looks:
        await opened.tell(story.inspected(story.step))
    await opened.until(lambda: not opened.app._health_watch._busy)
    await opened.settle()


async def test_the_first_check_and_the_work_of_others_do_not_count(
    window: Any, story: Any, watch: Watch
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        await goes_on(opened, story)
        assert watch.checks == 1
        await goes_on(opened, story)
        assert watch.checks == 2
        watch.clock.pass_(199.0)  # a second is half a percent of 200
        await goes_on(opened, story)
        assert watch.checks == 2
        watch.clock.pass_(2.0)
        await goes_on(opened, story)
        assert watch.checks == 3


async def test_what_was_found_is_judged_again_before_the_layers_are_looked_at_again(
    window: Any, story: Any, watch: Watch
) -> None:
    watch.findings.append(DEAD)
    async with window() as opened:
        await opened.tell(*story.opening())
        for _ in range(2):
            await goes_on(opened, story)
            opened.find("41% of layer 1 is dead")
        await goes_on(opened, story)  # there is no time for another look
        assert watch.checks == 2
        assert opened.app.model.health.record.epoch == 3
        assert "is dead" not in opened.text


async def test_the_page_is_as_new_as_it_says(window: Any, story: Any, watch: Watch) -> None:
    """While it is read, checks may take a larger share of the time."""
    async with window() as opened:
        await opened.tell(*story.opening())
        opened.app.show_health()
        await opened.until(lambda: opened.app.screen.part == "Health")
        for epoch in (1, 2):
            await goes_on(opened, story)
            opened.find(f" epoch {epoch}.00$")
            opened.find(f"Looked at: {epoch} epoch")
        watch.clock.pass_(99.0)
        await goes_on(opened, story)
        opened.find(" epoch 2.00$")
        watch.clock.pass_(2.0)
        await goes_on(opened, story)
        opened.find(" epoch 4.00$")
        opened.find("Looked at: 4 epochs")
        assert watch.checks == 3


async def test_epochs_that_are_shorter_than_an_answer(
    window: Any, story: Any, watch: Watch
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        state = story.inspected()
        await opened.tell(*story.epochs(1), state)
        await opened.until(lambda: watch.checks == 1 and opened.app.model.health is not None)
        assert opened.app.model.health.inspection.step == state.step
        # One that comes far too late is of no use.
        state = story.inspected(1)
        await opened.tell(*story.epochs(1))
        await opened.tell(*story.epochs(7), state)
        assert watch.checks == 1
        await opened.tell(story.inspected(2))
        await opened.until(lambda: watch.checks == 2)


async def test_what_is_undone_is_gone_at_once(
    window: Any, story: Any, found: dict[str, list[Finding]]
) -> None:
    found["run"].append(DEAD)
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await watched(opened, story)
        opened.find("41% of layer 1 is dead")
        await opened.tell(back(story, 100))
        assert "is dead" not in opened.text
        opened.app.show_health()
        await opened.until(lambda: "The run has not been looked at yet." in opened.text)
        found["run"].clear()
        await opened.tell(story.evaluated())
        await opened.tell(story.inspected(1))
        await opened.until(lambda: "No check finds anything beyond its limit." in opened.text)
        opened.find(" epoch 1.00$")
        found["run"].append(DEAD)
        await opened.tell(*story.epochs(1), story.paused())
        await opened.tell(story.inspected(2))
        await opened.until(lambda: "is dead" in opened.text)
        await opened.tell(back(story, 100))
        assert "is dead" not in opened.text
        opened.find("The run has not been looked at yet.")


async def test_a_run_on_its_way_back_is_looked_at_when_it_is_there(
    window: Any, story: Any, found: dict[str, list[Finding]]
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await watched(opened, story)
        opened.app.show_health()
        await opened.tell(back(story, 0, ahead=150), *story.epochs(1), story.inspected(1))
        await opened.until(lambda: "The run repeats its steps up to epoch 1.50" in opened.text)
        opened.find("The run repeats its steps up to epoch 1.50, and is looked at when it is")
        await opened.tell(story.steps(50))
        await opened.tell(story.inspected(2))
        await opened.until(lambda: "No check finds anything beyond its limit." in opened.text)
        opened.find(" epoch 1.50$")


async def test_a_fork_that_goes_back_too(
    window: Any, story: Any, found: dict[str, list[Finding]]
) -> None:
    found["fork"].append(DEAD)
    async with window() as opened:
        await fork(opened, story)
        await both_watched(opened, story)
        opened.find("fork: 41% of layer 1 is dead")
        await opened.tell(*of_fork(back(story, 150)))
        assert "is dead" not in opened.text


async def test_a_check_that_was_under_way_does_not_bring_it_back(
    window: Any, story: Any, found: dict[str, list[Finding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    began, may_end, told = Event(), Event(), health_watch.check_health

    def slow(*known: Any) -> Health:
        began.set()
        assert may_end.wait(20)
        return told(*known)

    monkeypatch.setattr(health_watch, "check_health", slow)
    found["run"].append(DEAD)
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(2))
        await opened.tell(story.inspected())
        await opened.until(began.is_set)
        # It is even trained beyond the step that is looked at, before the check ends.
        await opened.tell(back(story, 100), story.evaluated(), story.steps(150))
        may_end.set()
        await opened.until(lambda: not opened.app._health_watch._busy)
        await opened.settle()
        assert opened.app.model.health is None
        assert not opened.app.model.history.inspections
        assert "is dead" not in opened.text


async def test_lines_of_a_finding_that_wrap_are_indented(
    window: Any, story: Any, found: dict[str, list[Finding]]
) -> None:
    words = " ".join(["twelve letters"] * 8)
    found["run"].append(DEAD._replace(evidence=words, cause=words))
    async with window() as opened:
        await opened.tell(*story.opening())
        await watched(opened, story)
        opened.app.show_health()
        await opened.until(lambda: "1  41% of layer 1 is dead" in opened.text)
        first = next(at for at, row in enumerate(opened.rows) if "1  41%" in row)
        column = opened.rows[first].index("41%")
        last = next(at for at, row in enumerate(opened.rows) if "u goes back" in row)
        assert last > first + 3
        for row in opened.rows[first + 1 : last + 1]:
            assert row[:column].strip(" │┃") == ""
            assert row[column] != " "


MOMENTS = [
    SnapshotInfo(0, 0.0, (), None, "", False),
    SnapshotInfo(100, 1.0, (), 0.95, "then double the learning rate", False, 0.2, in_force=True),
    SnapshotInfo(100, 1.0, DOUBLED, 0.95, "then add 10 epochs", False, in_force=True),
    SnapshotInfo(150, 1.5, DOUBLED, 0.1, "", False),
]


@pytest.mark.parametrize(
    ("remedy", "to"),
    [
        ("timeline", GoBack(100, ())),
        ("slower_start", GoBack(0, ())),
        ("undo", GoBack(100, DOUBLED)),
    ],
)
async def test_the_timeline_begins_where_it_sends_a_person(
    window: Any, story: Any, found: dict[str, list[Finding]], remedy: str, to: GoBack
) -> None:
    """To when it was better, before what did harm; else to the last command."""
    async with window() as opened:
        await opened.tell(*story.opening())
        found["run"] = [Finding("relapse", LOST, 1.2, 120, "it is lost", "", "", (remedy,))]
        await watched(opened, story)
        await opened.tell(TimelineChanged(MOMENTS))
        await opened.press("U", "enter")
        assert opened.sent == [to]
