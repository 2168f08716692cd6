"""The README and the manual say what the program does: their tables are tested against it."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from math import sqrt
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from digit_tui.batch.event_printer import RESULTS
from digit_tui.cli import predict as predict_files
from digit_tui.cli.main import cli
from digit_tui.cli.mistakes import CSV_COLUMNS
from digit_tui.cli.subcommands import (
    committee,
    evaluate,
    export,
    import_,
    inspect,
    mistakes,
    predict,
    report,
)
from digit_tui.cli.subcommands.sweep import SweepGroup
from digit_tui.config import PRESETS, SOURCES, RunConfig
from digit_tui.data import Dataset, write_idx
from digit_tui.data.picture_files import COSTLY, MAX_BYTES, MAX_PIXELS, WORK_PIXELS
from digit_tui.insight.corruptions import CORRUPTIONS
from digit_tui.insight.health.finding import Finding
from digit_tui.insight.health.rules import RULES as HEALTH_RULES
from digit_tui.insight.next_step import BATCH
from digit_tui.insight.robustness import MOST
from digit_tui.insight.selection import NUMBERS, ORDERS, SETS, STATES
from digit_tui.manual import TOPICS, read
from digit_tui.nn import RULES
from digit_tui.nn.gradient_check import BATCH as CHECK_BATCH
from digit_tui.nn.gradient_check import COUNT
from digit_tui.plain.grammar import COMMANDS
from digit_tui.run.commands import Teach
from digit_tui.run.teacher import TEMPERATURE, WEIGHT
from digit_tui.session.exit_status import ExitStatus
from digit_tui.storage.lock import LOCK
from digit_tui.storage.run_files import FILES
from digit_tui.training.snapshots import UNDO_BYTES
from digit_tui.tui.app import DigitApp
from digit_tui.tui.bindings import OPTIMIZER_KEYS
from digit_tui.tui.committee.digits import CommitteeConfusion
from digit_tui.tui.committee.members import MembersView
from digit_tui.tui.guided_app import keys
from digit_tui.tui.replay import ReplayApp
from digit_tui.tui.sweep.app import SweepApp

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIELD = "field of `layers`"
ROW = re.compile(r"^\| (.*?) ?\|$", re.MULTILINE)


def table(text: str, *heads: str) -> list[tuple[str, ...]]:
    """The rows of the first table in Markdown whose columns have these heads."""
    head = f"| {' | '.join(heads)} |\n"
    assert head in text, f"no table {head!r}"
    body = text[text.index(head) + len(head) :].split("\n\n", 1)[0]
    _, *rows = ROW.findall(body.replace(r"\|", "\N{BROKEN BAR}"))
    return [tuple(row.split(" | ")) for row in rows]


def section(text: str, title: str) -> str:
    """What stands under a heading."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no heading {title!r}"
    return found.group(1)


def code(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall("`([^`]+)`", text)


# Keys

OF_A_SWEEP = {
    title if title != "Everywhere" else "Sweep": [
        each for each in bindings if each.id not in ("next_view", "previous_view")
    ]
    for title, bindings in SweepApp.key_groups()
}
GROUPS = (
    dict(DigitApp.key_groups())
    | {"Replay": ReplayApp.key_groups()[0][1]}
    | {"Committee": keys([*MembersView.BINDINGS, *CommitteeConfusion.BINDINGS])}
    | {title if title == "Sweep" else f"Sweep: {title}": each for title, each in OF_A_SWEEP.items()}
)


def keys_of(title: str) -> list[tuple[str, str]]:
    """The keys of a group, and what each does."""
    app = DigitApp.__new__(DigitApp)
    return [
        (f"`{DigitApp.get_key_display(app, binding)}`", binding.tooltip)
        for binding in GROUPS[title]
    ]


@pytest.mark.parametrize("title", GROUPS)
def test_the_keys(title: str) -> None:
    assert table(section(read("keys"), title), "key", "what it does") == keys_of(title)


def test_the_memory_of_undo() -> None:
    assert f"at most {UNDO_BYTES >> 20} MiB" in read("undo")


# Options


def test_the_options() -> None:
    rows = table(read("options"), "option", "meaning (default)")
    named = {word for left, _ in rows for word in re.findall(r"--[a-z-]+", left)}
    options = [option for option in cli.params if isinstance(option, click.Option)]
    known = {name for option in options for name in (*option.opts, *option.secondary_opts)}
    assert named == known | {"--help"}


def test_choices_are_named() -> None:
    rows = dict(table(read("options"), "option", "meaning (default)"))
    for option in cli.params:
        if isinstance(option.type, click.Choice):
            (meaning,) = [right for left, right in rows.items() if f"`{option.opts[0]}`" in left]
            assert all(f"`{choice}`" in meaning for choice in option.type.choices)


def test_the_learning_rates_of_the_optimizers() -> None:
    rows = dict(table(read("options"), "option", "meaning (default)"))
    assert code(rows["`--optimizer`"])[: len(RULES)] == list(RULES)
    rates = ", ".join(f"{rule.learning_rate:g}" for rule in RULES.values())
    assert f"one's own: {rates} in the order above" in rows["`--lr`"]
    told = table(read("optimizers"), "key", "optimizer", "a step", "usual rate", "paper")
    assert [(key, name, rate) for key, name, _, rate, _ in told] == [
        (f"`{key}`", f"`{name}`", f"{RULES[name].learning_rate:g}")
        for key, name in OPTIMIZER_KEYS.items()
    ]


OPTIMIZER_WORDS = {"adam": "Adam", "adamw": "AdamW"}


def test_the_presets() -> None:
    rows = table(read("options"), "preset", "network", "optimizer", "augmentation", "epochs")
    assert [code(name) for name, *_ in rows] == [[name] for name in PRESETS]
    for (_, *told), preset in zip(rows, PRESETS, strict=True):
        config = RunConfig.from_preset(preset)
        rule = f"{OPTIMIZER_WORDS[config.optimizer]}, learning rate {config.learning_rate:g}"
        decay = f", weight decay {config.weight_decay:g}" if config.weight_decay else ""
        widths = "-".join(map(str, (config.side**2, *config.hidden, 10)))
        assert told[:3] == [widths, rule + decay, config.augment]
        usual = (28, 128, "cosine", True)
        assert (config.side, config.batch_size, config.schedule, config.average) == (
            (14, 512, "onecycle", False) if preset == "sprint" else usual
        )
        for images in (4_000, 60_000):
            epochs = config.for_images(images).epochs
            assert epochs == (round(40 * sqrt(60_000 / images)) if "√" in told[3] else int(told[3]))


def test_the_datasets() -> None:
    rows = table(read("data"), "dataset", "what it is")
    assert [name for left, _ in rows for name in code(left)] == list(SOURCES)


def test_the_options_of_mistakes() -> None:
    rows = dict(table(read("mistakes"), "option", "meaning (default)"))
    named = {word for left in rows for word in re.findall(r"--[a-z-]+", left)}
    options = [option for option in mistakes.params if isinstance(option, click.Option)]
    assert named == {name for option in options for name in option.opts}
    words = re.findall("`([a-z]+)", rows["`--select`"])
    assert set(words) == {*SETS, *NUMBERS, *STATES}
    assert re.findall("`([a-z]+)`", rows["`--sort`"]) == [*ORDERS, "loss"]
    columns = re.findall("`([a-z]+)`", rows["`--json`"])
    assert [name for name in columns if name != "probabilities"] == list(CSV_COLUMNS)


def test_the_options_of_export_and_import() -> None:
    of_a_run = {name for option in run_options_of(cli) for name in names_of(option)}
    for title, command, others in (("Export", export, set()), ("Import", import_, of_a_run)):
        rows = dict(table(section(read("export"), title), "option", "meaning (default)"))
        named = {word for left in rows for word in re.findall(r"--[a-z-]+", left)}
        options = [option for option in command.params if isinstance(option, click.Option)]
        known = {name for option in options for name in names_of(option)}
        assert named | others - {"--hidden"} == known


def test_the_options_of_committees_and_teachers() -> None:
    text = read("committee")
    rows = dict(table(section(text, "Measure"), "option", "meaning (default)"))
    options = [option for option in committee.params if isinstance(option, click.Option)]
    assert set(code(" ".join(rows))) == {name for option in options for name in option.opts}
    learning = section(text, "A run that learns from others")
    rows = dict(table(learning, "option", "meaning (default)"))
    assert code(" ".join(rows)) == ["--teacher", "--distill-temperature", "--distill-weight"]
    helps = {
        option.opts[0]: option.help for option in cli.params if option.opts[0][2:9] == "distill"
    }
    every = dict(table(read("options"), "option", "meaning (default)"))
    for name, value in (("temperature", TEMPERATURE), ("weight", WEIGHT)):
        flag = f"--distill-{name}"
        for told in (rows[f"`{flag}`"], every[f"`{flag}`"], helps[flag]):
            assert f"({value:g})" in str(told)


def run_options_of(command: click.Command) -> list[click.Parameter]:
    """The options of a run among those of a command."""
    return [option for option in command.params if option.name in RunConfig.__annotations__]


def names_of(option: click.Parameter) -> list[str]:
    return [*option.opts, *option.secondary_opts]


# Commands


def test_the_commands_of_the_program() -> None:
    rows = dict(table(read("start"), "command", "what it does"))
    named = {word for left in rows for word in re.findall(r"^`digit-tui ([a-z][a-z-]+)", left)}
    assert named == set(cli.commands)


def test_each_command_that_is_written_down_has_the_options_that_it_is_given() -> None:
    """Of every line that starts digit-tui, in the README and in the manual."""
    texts = [README, (ROOT / "tests" / "benchmarks" / "README.md").read_text(encoding="utf-8")]
    texts += [read(topic) for topic in TOPICS]
    lines = [line for text in texts for line in code_lines(text)]
    assert len(lines) > 50
    for line in lines:
        command: click.Command = cli
        for word in line.split()[1:]:
            if word in ("|", "&&", "#"):
                break
            if isinstance(command, click.Group) and word in command.commands:
                command = command.commands[word]
            elif isinstance(command, SweepGroup):
                command = command.begin
            elif word.startswith("--"):
                known = {name for option in command.params for name in option.opts}
                assert word in {*known, "--help"}, line


def code_lines(text: str) -> list[str]:
    """What is given to a shell: blocks of code by lines, and pieces of code."""
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    lines = blocks.replace("\\\n", " ").splitlines()
    pieces = code(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    found = [re.search(r"\bdigit-tui( .*|$)", line) for line in [*lines, *pieces]]
    return [match.group() for match in found if match is not None]


def test_the_commands_of_plain() -> None:
    rows = table(section(read("plain"), "Commands"), "command", "what it does")
    usages = [", ".join(f"`{form}`" for form in entry.usage.split(", ")) for entry in COMMANDS]
    assert rows == list(zip(usages, (entry.meaning for entry in COMMANDS), strict=True))


# Scripts


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def test_the_events_and_their_fields() -> None:
    known = [
        (
            snake_case(event.__name__),
            [each.name for each in fields(event) if each.metadata.get("json", True)],
        )
        for event in RESULTS
    ]
    told = [(code(name)[0], code(each)) for name, each in table(read("scripts"), "event", "fields")]
    assert told == known
    assert [name for left, _ in table(read("scripts"), "event", "when") for name in code(left)] == [
        name for name, _ in known
    ]


def test_the_fields_are_those_that_a_run_prints(teach_8: Teach, tmp_path: Path) -> None:
    """With held-out digits all are there, but for the step of an opened test set and a teacher."""
    told = {code(name)[0]: code(each) for name, each in table(read("scripts"), "event", "fields")}
    run = ["--batch", "--json", "--data", "sample", "--preset", "classic", "--hidden", "4"]
    run += [
        "--epochs",
        "1",
        "--threads",
        "1",
        "--validation",
        "500",
        "--run",
        str(tmp_path / "run"),
    ]
    run += ["--fork-at", "3", "--fork", "teach=mine"]
    done = CliRunner().invoke(cli, run)
    assert done.exit_code == 0
    printed = {}
    for line in done.stdout.splitlines():
        name, *names = json.loads(line).items()
        assert name[0] == "event"
        printed[name[1]] = [key for key, _ in names]
        if ("arm", "fork") in names:
            assert printed[name[1]].pop() == "arm"
    assert set(printed) == {
        *("run_started", "forked", "setting_changed"),
        *("checkpoint_saved", "epoch_ended", "run_ended"),
    }
    for event, names in printed.items():
        assert names == [
            name
            for name in told[event]
            if (event, name) not in (("run_ended", "test_opened"), ("run_started", "teacher"))
        ]


def test_the_exit_statuses() -> None:
    rows = table(read("statuses"), "exit status", "meaning")
    assert [status.replace("+n", "") for status, _ in rows] == [
        str(int(each)) for each in ExitStatus
    ]


def test_the_files_of_a_run() -> None:
    rows = table(read("files"), "file", "what is in it")
    assert {name for left, _ in rows for name in code(left)} == {*FILES, LOCK}


def test_what_evaluate_prints(tmp_path: Path) -> None:
    run = ["--batch", "--data", "sample", "--preset", "classic", "--hidden", "4", "--epochs", "1"]
    assert CliRunner().invoke(cli, [*run, "--run", str(tmp_path / "run")]).exit_code == 0
    done = CliRunner().invoke(cli, ["evaluate", str(tmp_path / "run"), "--json"])
    told = section(read("runs"), "Evaluate").partition("one object:")[2]
    assert [name for name in code(told) if "-" not in name] == list(json.loads(done.stdout))


def test_what_is_told_of_inspect(tmp_path: Path) -> None:
    text = read("network")
    rows = dict(table(text, "option", "meaning (default)"))
    named = {word for left in rows for word in re.findall(r"--[a-z-]+", left)}
    options = [option for option in inspect.params if isinstance(option, click.Option)]
    assert named == {name for option in options for name in option.opts}
    run = ["--batch", "--data", "sample", "--preset", "classic", "--hidden", "4", "--epochs", "1"]
    assert CliRunner().invoke(cli, [*run, "--run", str(tmp_path / "run")]).exit_code == 0
    asked = ["inspect", str(tmp_path / "run"), "--json", "--gradient-check"]
    done = CliRunner().invoke(cli, [*asked, "--layer", "1", "--unit", "0"])
    found = json.loads(done.stdout)
    assert code(rows["`--json`"]) == list(found)
    fields = code(" ".join(row[2] for row in table(text, "column", "what it means", FIELD)))
    assert [*fields, "histograms"] == list(found["layers"][0])
    fields = code(" ".join(row[2] for row in table(text, "what", "meaning", "field of `unit`")))
    assert fields == list(found["unit"])
    (head,) = re.findall(r"^\| column \|.*`gradient_check` \|$", text, re.MULTILINE)
    told = table(text, *head.strip("| ").split(" | "))
    fields = [*code(" ".join(row[2] for row in told)), "passed", "analytic", "numeric"]
    assert set(fields) == set(found["gradient_check"][0])
    assert f"first {BATCH} training images" in text
    assert f"first {CHECK_BATCH} training images" in text
    assert f"along {COUNT}\nweights" in text


def test_what_is_told_of_robustness(sample: Dataset, tmp_path: Path) -> None:
    text = read("robustness")
    told = table(text, "corruption", "what happens", "strengths 1 to 5", "unit")
    assert [(name, levels, unit) for name, _, levels, unit in told] == [
        (each.name, ", ".join(f"{level:g}" for level in each.levels), each.unit)
        for each in CORRUPTIONS
    ]
    rows = dict(table(text, "option", "meaning (default)"))
    named = {word for left in rows for word in re.findall(r"--[a-z-]+", left)}
    options = [option for option in evaluate.params if isinstance(option, click.Option)]
    assert named == {name for option in options for name in option.opts}
    for split in ("train", "t10k"):
        images = sample.test_images[:10].reshape(-1, 28, 28)
        write_idx(tmp_path / f"{split}-images-idx3-ubyte.gz", images)
        write_idx(tmp_path / f"{split}-labels-idx1-ubyte.gz", sample.test_labels[:10])
    folder = str(tmp_path / "run")
    run = ["--batch", "--data", str(tmp_path), "--hidden", "4", "--epochs", "1", "--run", folder]
    assert CliRunner().invoke(cli, run).exit_code == 0
    asked = ["evaluate", folder, "--corrupt", "--json", "--against", folder]
    found = json.loads(CliRunner().invoke(cli, asked).stdout)
    assert code(rows["`--json`"]) == list(found)
    fields = code(text.partition("Each of `corruptions` has ")[2].partition("\n\n")[0])
    assert fields == [*found["corruptions"][0], "against", "relative_corruption_error"]
    assert set(found["against"]) == {*found} - {"against"} | {"relative_corruption_error"}
    assert f"up to {MOST:,} of the digits" in text


def test_what_is_told_of_predict() -> None:
    text = read("predict")
    rows = dict(table(text, "option", "meaning (default)"))
    options = [option for option in predict.params if isinstance(option, click.Option)]
    assert set(code(" ".join(rows))) == {name for option in options for name in option.opts}
    assert code(rows["`--csv`"]) == list(predict_files.CSV_COLUMNS)
    for limit in (MAX_PIXELS, *(MAX_PIXELS // times for times in COSTLY.values())):
        assert f"{limit / 1e6:.1f}" in text
    assert f"more than {MAX_PIXELS / 1e6:.1f} megapixels" in text
    assert f"{MAX_BYTES >> 20}\nMiB" in text
    assert WORK_PIXELS == 2_000_000
    assert "more than two megapixels is made smaller" in text


def test_what_is_told_of_a_report(tmp_path: Path) -> None:
    text = read("report")
    rows = dict(table(text, "option", "meaning (default)"))
    options = [option for option in report.params if isinstance(option, click.Option)]
    assert set(code(" ".join(rows))) == {name for option in options for name in option.opts}
    run = ["--batch", "--data", "sample", "--preset", "classic", "--hidden", "4", "--epochs", "1"]
    assert CliRunner().invoke(cli, [*run, "--run", str(tmp_path / "run")]).exit_code == 0
    done = CliRunner().invoke(cli, ["report", str(tmp_path / "run"), "--html", "-"])
    told = [left for left, _ in table(text, "section", "what is in it")]
    assert told == re.findall("<h2>(.*?)</h2>", done.stdout)


def test_the_rules_on_health() -> None:
    told = re.findall(r"^- \*\*(.+?)\*\*: ", section(read("health"), "The rules"), re.MULTILINE)
    assert told == [rule.name for rule in HEALTH_RULES]
    fields = code(section(read("health"), "JSON"))[1:]
    named = [name for name in fields if name in Finding._fields]
    assert set(named) == set(Finding._fields)


# The README


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 200


def test_the_readme_has_the_commands_to_start_and_to_test() -> None:
    lines = README.splitlines()
    assert "pip install . && digit-tui" in lines
    assert "pip install '.[test]' && pytest" in lines  # .ci/run takes it from there
    assert "digit-tui data fetch" in lines


def test_the_ten_keys_of_the_readme() -> None:
    rows = table(README, "key", "what it does")
    assert len(rows) == 10
    assert set(rows) <= {key for title in GROUPS for key in keys_of(title)}


def test_the_readme_names_every_topic_of_the_manual() -> None:
    rows = table(README, "topic", "what is in it")
    assert [name for left, _ in rows for name in code(left)] == list(TOPICS)


def test_what_the_readme_points_to_is_there() -> None:
    links = re.findall(r"\]\(([^):#]+)\)", README)
    assert len(links) > len(TOPICS)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_files_that_the_developers_are_sent_to_exist() -> None:
    folder = ROOT / "digit_tui"
    links = re.findall(r"\]\(([^):#]+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert len(links) > 50
    assert [link for link in links if not (folder / link).exists()] == []


def test_the_headline_is_that_of_the_benchmarks() -> None:
    all_results = (ROOT / "tests" / "benchmarks" / "README.md").read_text(encoding="utf-8")
    heads = ("preset", "trained on", "test accuracy", "time")
    known = {row[:4] for row in table(all_results, *heads, "command, for each seed S")}
    assert set(table(README, *heads)) <= known
