"""The keys that steer a run: the commands that they send."""

from __future__ import annotations

from abc import abstractmethod

from digit_tui.config import AUGMENTATIONS
from digit_tui.data import DataError
from digit_tui.run import commands
from digit_tui.run.events import SnapshotInfo
from digit_tui.run.remedies import FORK_FIRST, KEEP_FIRST, TEST, with_remedy
from digit_tui.run.settings import teach_own_digits
from digit_tui.session.run_status import GOES_ON_NO_MORE, MORE_EPOCHS
from digit_tui.tui.run_app import RunApp
from digit_tui.tui.screens.fork import CLIPPINGS, RADII, ForkDialog, KeepDialog, needs_epochs
from digit_tui.tui.screens.optimizer import OptimizerDialog
from digit_tui.tui.screens.prune import PruneDialog
from digit_tui.tui.screens.rate import RateDialog
from digit_tui.tui.screens.timeline import TimelineDialog
from digit_tui.tui.screens.view import View

WITHOUT_FORK = (
    *("undo", "timeline", "fork", "teach", "prune"),
    *(
        "scale_rate",
        "find_rate",
        "choose_optimizer",
        "set_optimizer",
        "next_clipping",
        "next_sam",
        "next_augmentation",
    ),
)
"""Actions that are refused while there is a fork."""


class SteeringApp(RunApp):
    """Shows a run that can be steered."""

    @abstractmethod
    def send(self, command: commands.Command) -> None:
        """Send a command to the run, if there is one."""

    def look_inside(self) -> None:
        self.send(commands.Inspect())

    def switch_units(self, layer: int, units: tuple[int, ...], on: bool) -> None:
        self.send((commands.SwitchOn if on else commands.SwitchOff)(layer, units))

    def prune(self, share: float) -> None:
        self.send(commands.Prune(share))

    def action_prune(self) -> None:
        def chosen(command: commands.Prune | None) -> None:
            if command is not None:
                self.send(command)

        if self._forked():
            return
        self.push_screen(PruneDialog(self.model.settings, self.model.config), chosen)

    def action_toggle_pause(self) -> None:
        self.send(commands.Pause() if self.model.going else commands.Resume())

    def action_step_batch(self) -> None:
        self.send(commands.StepBatch())

    def action_step_epoch(self) -> None:
        self.send(commands.StepEpoch())

    def action_choose_optimizer(self) -> None:
        def chosen(name: str | None) -> None:
            if name is not None:
                self.action_set_optimizer(name)

        if self._forked():
            return
        self.push_screen(OptimizerDialog(self.model.settings, self.model.config), chosen)

    def action_set_optimizer(self, name: str) -> None:
        self.send(commands.SetOptimizer(name))

    def action_scale_rate(self, factor: float) -> None:
        self.send(commands.ScaleLearningRate(factor))

    def action_find_rate(self) -> None:
        """Find a learning rate on a copy of the run, and take the one that is chosen."""

        def chosen(rate: float | None) -> None:
            if rate is not None:
                self.send(commands.SetLearningRate(rate))

        if self._forked():
            return
        if self.model.dataset is None:
            self.tell("the digits are still being read: find a rate when training has begun")
            return
        if self.model.repeats_to is not None:
            epoch = f"{self.model.repeats_to:.2f}"
            self.tell(f"the run is repeating up to epoch {epoch}: find a rate when it is there")
            return
        self.push_screen(RateDialog(self.model), chosen)
        self.look_inside()

    def action_next_clipping(self) -> None:
        settings = self.model.settings
        kind = 1 if settings.clip_norm is not None else 2 if settings.clip_value is not None else 0
        self.send(commands.SetClipping(*CLIPPINGS[(kind + 1) % len(CLIPPINGS)]))

    def action_next_sam(self) -> None:
        larger = [rho for rho in RADII if rho > self.model.settings.sam]
        self.send(commands.SetSam(larger[0] if larger else 0.0))

    def action_next_augmentation(self) -> None:
        current = AUGMENTATIONS.index(self.model.settings.augment)
        self.send(commands.SetAugmentation(AUGMENTATIONS[(current + 1) % len(AUGMENTATIONS)]))

    def offers(self, action: str) -> bool:
        name = action.partition("(")[0].removeprefix("app.")
        if self.model.fork is not None and name in WITHOUT_FORK:
            return False
        goes_on = self.model.state not in GOES_ON_NO_MORE
        possible = {
            "toggle_pause": goes_on,
            "step_batch": goes_on,
            "step_epoch": goes_on,
            "keep": self.model.fork is not None,
            "show_test": bool(self.model.config.validation),
        }
        return possible.get(name, True)

    def action_undo(self) -> None:
        self.send(commands.Undo())

    def action_timeline(self) -> None:
        def chosen(snapshot: SnapshotInfo | None) -> None:
            if snapshot is not None:
                self.send(commands.GoBack(snapshot.step, snapshot.lineage))

        if self._forked():
            return
        if self.model.snapshots:
            dialog = TimelineDialog(self.model, self._rate.seconds)
            self.push_screen(dialog, chosen)
        else:
            self.tell("no snapshot to go back to yet: the first is taken when training begins")

    def _forked(self) -> bool:
        """Whether there is a fork, which is then told; it may have trained to the end."""
        if self.model.fork is not None:
            self.tell(with_remedy("There is a fork beside the run", KEEP_FIRST, self.key_names))
        return self.model.fork is not None

    def action_fork(self) -> None:
        def chosen(changes: tuple[commands.Setting, ...] | None) -> None:
            if changes is None:
                return
            if needs_epochs(changes, self.model):
                self.send(commands.AddEpochs(MORE_EPOCHS))
            self.send(commands.Fork(changes))

        if self._forked():
            return
        self.push_screen(ForkDialog(self.model), chosen)

    def action_teach(self) -> None:
        """Fork the run, and teach the copy the digits that the person drew."""
        if self._forked():
            return
        key = self.key_names["keep_drawing"]
        where = key if self.current_mode == "draw" else f"view Draw, {key}"
        try:
            command = teach_own_digits(f"draw and keep {{}} more ({where})")
        except DataError as error:
            self.tell(str(error))
            return
        self.send(commands.Fork((command,)))

    def action_keep(self) -> None:
        def chosen(fork: bool | None) -> None:
            if fork is not None:
                self.send(commands.Keep(fork))

        if self.model.fork is None:
            self.tell(with_remedy("there is no fork to end", FORK_FIRST, self.key_names))
            return
        self.push_screen(KeepDialog(self.model), chosen)

    def action_add_epochs(self) -> None:
        self.send(commands.AddEpochs(MORE_EPOCHS))

    def action_show_test(self) -> None:
        """Open the test set, or go back to the held-out set."""
        if self.model.shows_test:
            self.model.shows_test = False
            text = "the held-out set is shown again"
            self.tell(with_remedy(text, TEST, self.key_names))
            if isinstance(self.screen, View):
                self.screen.redraw()
        else:
            self.send(commands.OpenTest())

    def action_save(self) -> None:
        self.send(commands.Save())
