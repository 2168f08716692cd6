"""The members of a committee, and what is found of them together."""

from __future__ import annotations

from textwrap import wrap
from typing import NamedTuple

import numpy as np
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding

from digit_tui.data import printable
from digit_tui.insight.significance import ends_words
from digit_tui.session.committee import JointEvaluation
from digit_tui.tui.committee.frame import CommitteeView
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.canvas import Canvas
from digit_tui.tui.widgets.mouse import RowChosen, Turned, Wheel
from digit_tui.tui.widgets.probabilities import bar_of
from digit_tui.tui.widgets.status_line import fit

GAP = 2
"""Columns between two of the table."""
NAME_COLUMNS = 24
"""Of the name of a run, at most."""
TITLE_COLUMNS = 12
BAR_COLUMNS = 30
PAIR_COLUMNS = 8
"""Of a pair of members in the table of what they differ on."""
MOVE = Binding.Group("Move", compact=True)


class Column(NamedTuple):
    """Of the table of members."""

    title: str
    cells: list[str]
    is_number: bool = True

    @property
    def width(self) -> int:
        """Of its widest cell."""
        return max(len(each) for each in (self.title, *self.cells))

    def aligned(self, text: str) -> str:
        """A cell of it."""
        return text.rjust(self.width) if self.is_number else text.ljust(self.width)


def columns_of(committee: JointEvaluation) -> list[Column]:
    """The table of its members, what matters most on the left."""
    members, evaluations = committee.members, committee.evaluations
    wrong = np.stack([each.predictions != each.labels for each in evaluations])
    alone = wrong & (wrong.sum(axis=0) == 1)
    names = [printable(each.saved.path.name) for each in members]
    pairs = [(each.correct, each.total) for each in evaluations]
    found = [
        Column(" ", [each.letter for each in members], False),
        Column(
            "run",
            [*map(_shortened, names)],
            False,
        ),
        Column("accuracy", [f"{each.accuracy:.2%}" for each in evaluations]),
        Column("95% interval", [ends_words(*pair) for pair in pairs]),
        Column("wrong", [f"{row.sum():,}" for row in wrong]),
        Column("alone", [f"{row.sum():,}" for row in alone]),
        Column("network", ["-".join(map(str, each.checkpoint.sizes)) for each in members], False),
        Column("step", [f"{each.checkpoint.state.step:,}" for each in members]),
    ]
    temperatures = [each.temperature for each in members]
    if any(each is not None for each in temperatures):
        cells = ["" if each is None else f"{each:.4g}" for each in temperatures]
        found.append(Column("temperature", cells))
    return found


def _shortened(name: str) -> str:
    """Without its middle: runs of a day begin alike, and forks end otherwise than their run."""
    if len(name) <= NAME_COLUMNS:
        return name
    end = NAME_COLUMNS // 2
    return f"{name[: NAME_COLUMNS - end - 1]}…{name[-end:]}"


class MemberTable(Wheel, Canvas):
    """A line a member; above them the headings."""

    COMPONENT_CLASSES = {"member-table--head", "member-table--chosen", "member-table--best"}

    def __init__(self) -> None:
        super().__init__()
        self._top = 0

    def show(self, committee: JointEvaluation, chosen: int) -> None:
        """Draw it, with one member chosen and in sight."""
        count = len(committee.members)
        # Its border is a row, or two.
        self.styles.height = count + 1 + self.outer_size.height - self.size.height
        width, page = self.size.width, max(self.size.height - 1, 1)
        self._top = max(min(self._top, chosen, count - page), chosen - page + 1, 0)
        columns = columns_of(committee)
        while len(columns) > 1 and sum(each.width + GAP for each in columns) + 1 > width:
            columns.pop()
        gap = " " * GAP
        lines: list[Line] = [
            fit(
                f" {gap.join(each.aligned(each.title) for each in columns)}",
                width,
                self.part("member-table--head"),
            )
        ]
        for row in range(self._top, min(self._top + page, count)):
            cells = gap.join(each.aligned(each.cells[row]) for each in columns)
            kind = "chosen" if row == chosen else "best" if row == committee.best else ""
            style = self.part(f"member-table--{kind}") if kind else None
            lines.append(fit(f"{'▸' if row == chosen else ' '}{cells}", width, style))
        self.paint(lines)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and offset.y:
            self.post_message(RowChosen(self._top + offset.y - 1))


class Findings(Canvas):
    """How far the members agree, and what their agreement is worth."""

    COMPONENT_CLASSES = {"findings--title", "findings--bar"}

    def show(self, committee: JointEvaluation) -> None:
        """Draw it."""
        width, height = self.size
        title = self.part("findings--title")
        lines: list[Line] = []
        for name, sentences in committee.findings:
            rows = wrap("; ".join(sentences), max(width - TITLE_COLUMNS, 10))
            for number, row in enumerate(rows):
                head = "" if number else name
                lines.append([*fit(head, TITLE_COLUMNS, title), *fit(row, width - TITLE_COLUMNS)])
        for block in (self._missed(committee, width), self._pairs(committee, width)):
            if block and len(lines) + 1 + len(block) <= height:
                lines += [[], *block]
        self.paint(lines)

    def _missed(self, committee: JointEvaluation, width: int) -> list[Line]:
        """How many digits are missed by one member, by two, and so on; nothing if none is."""
        members = committee.table.members
        assert members is not None
        missed = (members != committee.together.labels).sum(axis=0)
        counts = np.bincount(missed, minlength=len(members) + 1)[1:]
        if not counts.any():
            return []
        room = min(width - 2 * TITLE_COLUMNS, BAR_COLUMNS)
        lines = [fit("Digits that so many members get wrong:", width, self.part("findings--title"))]
        for number, count in enumerate(counts, 1):
            bar = fit(bar_of(count / counts.max(), room), room, self.part("findings--bar"))
            head = fit(f"{number} of {len(members)}", TITLE_COLUMNS)
            lines.append([*head, *bar, *fit(f" {count:,}", TITLE_COLUMNS)])
        return lines

    def _pairs(self, committee: JointEvaluation, width: int) -> list[Line]:
        """On how many digits two members differ; nothing where the table is too wide."""
        letters = [each.letter for each in committee.members]
        if len(letters) * PAIR_COLUMNS + TITLE_COLUMNS > width:
            return []
        shares = committee.agreement.disagreements
        cells = [[f"{share:.2%}" if share else "." for share in row] for row in shares]
        title = self.part("findings--title")
        head = "".join(f"{each:>{PAIR_COLUMNS}}" for each in letters)
        lines = [
            fit("Digits that two members take for different ones:", width, title),
            [*fit("", TITLE_COLUMNS), *fit(head, width - TITLE_COLUMNS, title)],
        ]
        for letter, row in zip(letters, cells, strict=True):
            text = "".join(f"{cell:>{PAIR_COLUMNS}}" for cell in row)
            lines.append([*fit(letter, TITLE_COLUMNS, title), *fit(text, width - TITLE_COLUMNS)])
        return lines


class MembersView(CommitteeView):
    """Who is in the committee, and what is found of it."""

    TAB = "Members"
    BINDINGS = [
        Binding(
            "enter", "open_member", "Open", id="open_member", tooltip="Show the run of a member"
        ),
        Binding("up", "move(-1)", "Move", group=MOVE, id="up", tooltip="Go to the member above"),
        Binding("down", "move(1)", "Move", group=MOVE, id="down", tooltip="Go to the member below"),
    ]

    def compose_content(self) -> ComposeResult:
        yield MemberTable()
        yield Findings()

    def on_mount(self) -> None:
        committee = self.host.committee
        self.query_one(MemberTable).border_title = "Members"
        self.query_one(
            Findings
        ).border_title = f"Together, on the test digits of {printable(committee.dataset.name)}"

    def draw(self, model: RunModel) -> None:
        self.query_one(MemberTable).show(self.host.committee, self.host.chosen)
        self.query_one(Findings).show(self.host.committee)

    def action_move(self, rows: int) -> None:
        last = len(self.host.committee.members) - 1
        self.host.chosen = min(max(self.host.chosen + rows, 0), last)
        self.redraw()

    def action_open_member(self) -> None:
        self.host.open_member()

    def on_row_chosen(self, message: RowChosen) -> None:
        if message.row == self.host.chosen:
            self.host.open_member()
        elif message.row < len(self.host.committee.members):
            self.host.chosen = message.row
            self.redraw()

    def on_turned(self, message: Turned) -> None:
        self.action_move(message.rows)
