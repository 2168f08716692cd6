"""The dialog that begins another run."""

from __future__ import annotations

from threading import Thread

from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.widgets import Label

from digit_tui.config import ConfigError, RunConfig
from digit_tui.data import Dataset, counted
from digit_tui.run.setting_words import settings_words
from digit_tui.run.settings import Settings
from digit_tui.session.failures import failure_of
from digit_tui.session.run_status import RunStatus
from digit_tui.training.restart import NOW, NextRun, fresh_seed, next_config, same_images
from digit_tui.training.run_request import RunRequest
from digit_tui.tui.screens.form import Form
from digit_tui.tui.widgets.choice import Choice
from digit_tui.tui.widgets.entry import Entry

PRESET_WORDS = {
    "this run's": "the settings that this run began with",
    NOW: "the settings in force now",
    "classic": "one small layer, no augmentation: quick",
    "sprint": "small images, few epochs: 99% of MNIST in some seconds",
    "standard": "two layers, elastic deformation: the usual one",
    "record": "large layers, many epochs: the most accurate",
}


class RestartDialog(Form[NextRun | None]):
    """Choose what the next run does otherwise; None goes on with the present one."""

    TITLE = "Restart"
    INTRODUCTION = "Save and keep this run, and begin another one with\n"
    BINDINGS = [
        Binding("enter", "submit", "Begin", key_display="enter"),
        Binding("escape", "leave", "Cancel", key_display="esc"),
    ]

    class DataRead(Message):
        """The data of the next run were read, or cannot be."""

        def __init__(self, config: RunConfig, outcome: Dataset | str) -> None:
            """Tell of it.

            Args:
                config: the next run's.
                outcome: its dataset, or why there is none.
            """
            super().__init__()
            self.config = config
            self.outcome = outcome

    def __init__(self, run: RunStatus) -> None:
        """Make it for the present run."""
        self._config = config = run.config
        self._dataset = run.dataset
        self._now = run.settings
        self._has_teacher = bool(run.teacher)
        self._awaited: RunConfig | None = None  # the run whose data are being read
        self._presets = [*PRESET_WORDS]
        as_now = next_config(config, {"preset": NOW}, self._now)
        if Settings.of(as_now) == Settings.of(config):
            self._presets.remove(NOW)  # nothing was changed
        self._preset = Choice("preset", self._presets, 0)
        self._data = Entry("data", config.data, "auto, sample, mnist or a folder")
        self._hidden = Entry("hidden layers", hint="widths such as 256,128")
        self._batch_size = Entry("batch size")
        self._seed = Entry("seed", str(fresh_seed(config)))
        self._filled: dict[Entry, str] = {}  # what a preset put in, until something is typed
        self._fill(config)
        super().__init__([self._preset, self._data, self._hidden, self._batch_size, self._seed])

    def _fill(self, config: RunConfig) -> None:
        """Fill in what a preset decides, but where a person has typed."""
        texts = {
            self._hidden: ",".join(map(str, config.hidden)),
            self._batch_size: str(config.batch_size),
        }
        for entry, text in texts.items():
            if entry.text in ("", self._filled.get(entry, "")):
                entry.fill(text)
                self._filled[entry] = text

    def compose_content(self) -> ComposeResult:
        yield from super().compose_content()
        no_teacher = "The next run has no teacher: --teacher, at the start, names one.\n"
        yield Label(
            f"\n{no_teacher * self._has_teacher}"
            "auto is full MNIST if it was fetched, else the bundled sample.\n"
            f"The seed is a fresh one: type {self._config.seed} for the same.\n"
            "The rest follows from the preset, and keys change it: o [ ] e a.",
            markup=False,
        )

    def changed(self, row: Choice | Entry | None = None) -> None:
        if row is self._preset:
            self._fill(next_config(self._config, self._chosen_preset, self._now))
        config = self._check()
        if config is None or config == self._awaited:
            return
        self._awaited = None
        words = settings_words(Settings.of(config), None)
        if config.data == self._config.data and self._dataset is not None:
            config = config.for_images(len(self._dataset.train_labels))
        if config.epochs is None:
            words.append("the fewer images, the more epochs")
        else:
            words.append(counted(config.epochs, "epoch"))
        preset, own = self._presets[self._preset.chosen], " and ".join(self._typed())
        told = f"{preset}, but with your {own}" if own else f"{preset}: {PRESET_WORDS[preset]}"
        self.tell(f"{told}.", f"{', '.join(words)}.")

    def _typed(self) -> list[str]:
        """The names of what a person has typed where the preset has something else."""
        return [entry.label for entry, text in self._filled.items() if entry.text not in ("", text)]

    @property
    def _chosen_preset(self) -> dict[str, str]:
        """What is wanted of `next_config`; nothing where the settings are this run's."""
        return {"preset": self._presets[self._preset.chosen]} if self._preset.chosen else {}

    def _check(self) -> RunConfig | None:
        """The configuration of the next run; None if a value is wrong, which is told.

        What is left empty is as the preset has it, or as it was.
        """
        typed = {
            "data": self._data.text,
            "hidden": self._hidden.text,
            "batch-size": self._batch_size.text,
            "seed": self._seed.text,
        }
        wanted = {name: text for name, text in typed.items() if text.strip()}
        try:
            return next_config(self._config, wanted | self._chosen_preset, self._now)
        except ConfigError as error:
            self._awaited = None
            name = {"hidden": "hidden layers"}.get(error.option, error.option.replace("_", " "))
            self.tell(f"{name}: {error}", wrong=True)
            return None

    def action_submit(self) -> None:
        config = self._check()
        if config is None or config == self._awaited:
            return
        if same_images(config, self._config):
            self.dismiss(NextRun(config, self._dataset))
            return
        self._awaited = config
        self.tell("Reading the data...")
        Thread(target=self._read, args=(config,), name="next-data", daemon=True).start()

    def _read(self, config: RunConfig) -> None:
        """Read the data of the next run, in a thread."""
        outcome: Dataset | str
        try:
            outcome = RunRequest(config).load_dataset()
        except Exception as error:  # as in the thread of a run, see Runner
            outcome = failure_of(error, action="read").message
        self.post_message(self.DataRead(config, outcome))

    def on_restart_dialog_data_read(self, message: DataRead) -> None:
        if message.config != self._awaited:
            return
        if isinstance(message.outcome, Dataset):
            self.dismiss(NextRun(message.config, message.outcome))
        else:
            self._awaited = None
            self.tell(f"data: {message.outcome}", wrong=True)
