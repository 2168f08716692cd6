"""keys.toml: the user's own keys, what is wrong with them, and where they are shown."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.rarely import rarely

from digit_tui.run import commands
from digit_tui.storage.run_files import keys_file
from digit_tui.storage.toml_file import TomlError
from digit_tui.tui import run_tui
from digit_tui.tui.key_words import key_sign
from digit_tui.tui.keymap import Keymap, default_keys
from digit_tui.tui.keys_file import KEPT, all_bindings, read_keys
from digit_tui.tui.keys_template import print_keys, template
from digit_tui.tui.screens.dialog import Palette
from digit_tui.tui.screens.help import HelpDialog
from digit_tui.tui.screens.hints import LINES, TITLES
from digit_tui.tui.screens.meanings import EVERYWHERE, MEANINGS, OF_DIALOGS, REPLAY, STATES
from digit_tui.tui.widgets.drawing_words import LEFT, OTHER_KEYS
from digit_tui.tui.widgets.seen_drawing import AS_DRAWN, SHORT_TITLE, TITLE
from digit_tui.tui.widgets.tips import TIPS


@pytest.fixture
def file() -> Iterator[Path]:
    path = keys_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    yield path
    path.unlink(missing_ok=True)


OWN = """\
undo = "ctrl+u"
timeline = "u"
pause = ["f5", "j"]
halve_rate = "_"
help = "f1"
open_unit = "J"
palette = "ctrl+o"
leave = "Q"
value_left = "shift+left"
"""


def test_keys_are_read_as_textual_calls_them(file: Path) -> None:
    assert read_keys(file) == Keymap()
    file.write_text('filter = "!"\nundo = "+"\nfork = "ctrl++"\nhelp = "Ctrl+K"\nkeep = "esc+x"\n')
    with pytest.raises(TomlError, match="line 5: 'esc\\+x' is not a key: 'esc' is none of ctrl"):
        read_keys(file)
    file.write_text('filter = "!"\nundo = "&"\nfork = "ctrl+g"\nhelp = "Ctrl+K"\n')
    assert read_keys(file).changed == {
        "filter": ("exclamation_mark",),
        "undo": ("ampersand",),
        "fork": ("ctrl+g",),
        "help": ("ctrl+k",),
    }


WRONG = [
    ("undo = ", ", line 1, column 8: no TOML: invalid value"),
    ('x = 1\nund = "z"', "line 1: no key has the id 'x' (see digit-tui config keys)"),
    (
        'und = "z"',
        "line 1: no key has the id 'und'; did you mean undo? (see digit-tui config keys)",
    ),
    ('\nundo = "f"', "line 2: f would be both undo (go back to before the last command) and fork "),
    ('undo = "z"', "z would be both undo (go back to before the last command) and smooth (show sm"),
    ('undo = ["f6", "enter"]', "would be both undo (go back to before the last command) and digit"),
    ('undo = "f6"\nfork = "f6"', "line 2: f6 would be both undo (go back to before the last comma"),
    ('play = "["', "[ would be both play (stop, or play on) and slower (play half as fast)"),
    ('next_page = "L"', "no key has the id 'next_page'"),
    ('undo = "ctrl+c"', "ctrl+c pauses, saves and leaves, and cannot be another key"),
    ('undo = "ctrl+z"', "ctrl+z suspends, and cannot be another key"),
    ('undo = "ctrl+m"', "ctrl+m is enter to a terminal"),
    ('break = "x"', "break always has ctrl+c"),
    ('suspend = "x"', "suspend always has ctrl+z"),
    ('palette = "P"', "palette works while text is typed, so it cannot have 'P'"),
    ('next_view = "space"', "next_view works while text is typed, so it cannot have 'space'"),
    ('undo = "pgup"', "'pgup' is not a key; did you mean pageup?"),
    ('undo = "shift+a"', "'shift+a': with shift a letter is a capital; write 'A'"),
    ("undo = 5", 'undo takes a key, such as "u", or a list of keys'),
    ("undo = []", 'undo takes a key, such as "u", or a list of keys'),
    ('undo = ""', "'' is not a key"),
    ('[undo]\nkey = "u"', 'line 1: undo takes a key, such as "u"'),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[text for text, _ in WRONG])
def test_what_is_wrong_is_told_in_a_line(
    file: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(f"{text}\n")
    with pytest.raises(TomlError) as caught:
        read_keys(file)
    told = str(caught.value)
    assert told.startswith(f"{file}, line ")
    assert message in told
    assert "\n" not in told
    assert run_tui(None, keys=file) == 2  # type: ignore[arg-type]  # before anything is opened
    assert print_keys(file) == 2
    assert capsys.readouterr().err == f"digit-tui: {told}\n" * 2


def test_the_keys_as_they_are_declared_are_a_file_that_changes_nothing(file: Path) -> None:
    text = re.sub("^# (?=[a-z_]+ = )", "", template(Keymap()), flags=re.MULTILINE)
    file.write_text(text)
    known = all_bindings()
    assert [*tomllib.loads(text)] == [id for id in known if id not in KEPT]
    for id, keys in read_keys(file).changed.items():
        assert set(keys) == {*default_keys(known[id])} - {"ctrl+c"}, id


def test_the_template_shows_what_was_changed(file: Path) -> None:
    file.write_text(OWN)
    lines = template(read_keys(file)).splitlines()
    changed = [line for line in lines if line and not line.startswith("#")]
    assert 'pause = ["f5", "j"]                   # Pause, or train on' in changed
    assert tomllib.loads("\n".join(lines)) == tomllib.loads(OWN)


def test_texts_name_keys_that_there_are() -> None:
    """And none by its letter, which may be another one."""
    known = {*all_bindings(), "go", "held_out"}
    groups = [*MEANINGS.values(), *OF_DIALOGS.values(), STATES, EVERYWHERE, REPLAY]
    texts = [text for group in groups for each in group for text in each]
    texts += [*TITLES.values(), *(line for lines in LINES.values() for line in lines), *TIPS]
    texts += [LEFT, OTHER_KEYS, AS_DRAWN, SHORT_TITLE, TITLE]
    named = {name for text in texts for name in re.findall(r"\{(.*?)\}", text)}
    assert named <= known
    assert len(named) > 30
    letters = [text for text in texts if re.search(r"[;(] ?[a-zA-Z/]( shows|:|\)| switches)", text)]
    assert letters == []


@pytest.mark.parametrize("size", [(120, 40), *rarely((80, 24))])
async def test_own_keys_work_and_are_shown_everywhere(
    window: Any, story: Any, file: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    file.write_text(OWN)
    keymap = read_keys(file)

    async with window(*size) as opened:
        app = opened.app
        app.use_keys(keymap)
        app.model.ways = app.key_names
        app.refresh_bindings()
        await opened.tell(*story.opening(), story.steps(10))
        await opened.press("ctrl+u", "f5", "j", "underscore", "right_square_bracket")
        assert opened.sent == [
            commands.Undo(),
            commands.Pause(),
            commands.Pause(),
            commands.ScaleLearningRate(0.5),
            commands.ScaleLearningRate(2.0),
        ]
        opened.sent.clear()
        await opened.press("space", "left_square_bracket", "U", "question_mark")
        assert opened.sent == []
        assert len(app.screen_stack) == 1
        await opened.press("u")  # the timeline's, which has no snapshot yet
        opened.find("no snapshot to go back to yet")

        bar = opened.rows[-1] if size[1] < 30 else " ".join(opened.rows[-2:])
        for shown in ("f5 Pause", "f1 Help", "_] Rate", "ctrl+uu Undo", "ctrl+o More"):
            assert shown.replace(" ", "") in bar.replace(" ", ""), shown
        assert "j Pause" not in bar

        await opened.tell(story.paused())
        opened.find("f5 trains on")
        await opened.press("f1")
        assert isinstance(app.screen, HelpDialog)
        found = "\n".join(
            str(row) for table in app.screen.query("Static") for row in rows_of(table)
        )
        for line in (
            "ctrl+u Go back to before the last command",
            "f5 j Pause, or train on",
            "whether it learns now; f5 switches",
            "the loss is no number; ctrl+u goes back",
        ):
            assert line in found, line
        await opened.press("f1")  # it opens no second one
        await opened.press("escape", "ctrl+o")
        assert isinstance(app.screen, Palette)


def rows_of(table: Any) -> list[str]:
    """The lines of the help, with single spaces."""
    lines = [table.render_line(row).text for row in range(table.size.height)]
    return [" ".join(line.split()) for line in lines]


async def test_keys_that_share_one_stay_apart(inside: Any, file: Path) -> None:
    """Textual would drop the second of two bindings with one key, if the first gets another."""
    file.write_text('open_unit = "J"\n')
    keymap = read_keys(file)
    bindings = [*all_bindings().values()]
    assert keymap.for_textual(bindings) == {
        each.id: "J" if each.id == "open_unit" else "enter"
        for each in bindings
        if each.key == "enter"
    }
    async with inside("Units", "importance") as opened:
        opened.app.use_keys(keymap)
        found = opened.app.screen.active_bindings
        assert found["J"].binding.id == "open_unit"
        chain = [each for _, each in opened.app.screen._binding_chain]
        enter = {b.id for each in chain for b in each.key_to_bindings.get("enter", ())}
        assert "apply_share" in enter
        assert "open_unit" not in enter


def test_ctrl_c_still_leaves_a_replay(file: Path) -> None:
    file.write_text('leave = "Q"\n')
    assert read_keys(file).for_textual(all_bindings().values())["leave"] == "Q,ctrl+c"


def test_signs_of_keys() -> None:
    for key, sign in {"ctrl+p": "ctrl+p", "plus": "+", "ctrl+plus": "ctrl++", "enter": "⏎"}.items():
        assert key_sign(key) == sign
