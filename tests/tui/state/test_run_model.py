"""What the interface knows of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.model import Tell, counts, lines
from support.steering import back, forked, of_fork

from digit_tui.config import RunConfig
from digit_tui.insight.significance import Comparison
from digit_tui.run import events as happened
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import Failed
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.progress_line import remaining


class TestState:
    def test_from_loading_to_the_end(self, model: RunModel, story: Any, tell: Tell) -> None:
        states = []
        for event in (
            story.loaded(),
            story.started(),
            story.evaluated(),
            story.steps(30),
            story.paused(),
            story.resumed(),
            story.diverged(),
            story.paused("diverged"),
            story.resumed(),
            story.paused("finished"),
            story.ended(),
        ):
            tell(event)
            states.append(model.state)
        assert states == [
            "loading",
            *["training"] * 3,
            "paused",
            "training",
            "training",
            "diverged",
            "training",
            "finished",
            "ended",
        ]

    def test_figures_are_those_of_the_last_steps(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(50, rate=0.25), story.steps(20, rate=0.125))
        assert (model.step, model.epoch, model.learning_rate) == (70, 0.7, 0.125)
        assert model.network == (784, 128, 10)
        assert model.run == "/runs/one"

    def test_a_pause_shows_the_rate_of_the_next_step(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(50, rate=0.25), story.paused())
        assert model.learning_rate == story.settings.learning_rate

    def test_the_speed_is_over_all_recent_steps(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(images=100, seconds=1), story.steps(images=500))
        assert model.images_per_second == 300

    def test_steps_that_took_no_time_have_no_speed(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(seconds=0))
        assert model.images_per_second == 0

    def test_settings_are_those_confirmed(self, model: RunModel, story: Any, tell: Tell) -> None:
        tell(*story.opening(), story.steps(10))
        tell(story.changed("optimizer", "sgd"), story.changed("learning_rate", 0.1))
        assert (model.settings.optimizer, model.settings.learning_rate) == ("sgd", 0.1)

    def test_a_changed_rate_is_that_of_the_next_step(self, config: RunConfig, story: Any) -> None:
        model = RunModel(config.with_(schedule="cosine", epochs=4))
        story.settings = replace(story.settings, epochs=4)
        for event in (*story.opening(), story.steps(200, rate=0.5)):
            model.ingest(event)
        assert model.learning_rate == 0.5
        model.ingest(story.changed("learning_rate", 0.1))
        assert model.learning_rate == pytest.approx(0.1 / 2)  # half of a cosine is left
        model.ingest(story.changed("clip_norm", 1.0))
        assert model.learning_rate == pytest.approx(0.1 / 2)
        model.ingest(story.steps(1, rate=0.04))
        assert model.learning_rate == 0.04

    def test_a_failure_ends_it(self, model: RunModel, tell: Tell) -> None:
        failure = Failed(ExitStatus.DATA, "no such folder")
        tell(failure)
        assert model.state == "ended"
        assert model.failure is failure
        assert lines(model) == ["no such folder"]


class TestSaving:
    def test_a_save_that_was_asked_for_is_told(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(10), happened.CheckpointSaved(10, "/runs/one"))
        assert model.saved_step == 10
        assert "saved" not in lines(model)[-1]  # it saves by itself all the time
        tell(happened.CheckpointSaved(10, "/runs/one", asked=True))
        assert lines(model)[-1] == "saved step 10 in one"

    def test_a_failed_save_saves_nothing(self, model: RunModel, story: Any, tell: Tell) -> None:
        failed = happened.SaveFailed(10, "disk full: /runs/one")
        tell(*story.opening(), story.steps(10), failed)
        assert model.saved_step == 0
        assert model.save_trouble == "disk full: /runs/one"
        line = "not saved: disk full: /runs/one; s tries again now"
        assert lines(model)[-1] == line
        assert model.log[-1].kind == "trouble"
        tell(failed)  # again and again, until there is room
        assert lines(model).count(line) == 1
        tell(story.saved())
        assert model.save_trouble is None


class TestSeries:
    def test_every_step_is_a_point(self, model: RunModel, story: Any, tell: Tell) -> None:
        tell(*story.opening(), story.steps(3, losses=[3, 2, 1], norms=[9, 8, 7]), story.steps(200))
        assert counts(model) == [203, 203, 203, 203, 1, 1, 203, 203]
        np.testing.assert_allclose(model.curves.train_loss.x[:4], [0.01, 0.02, 0.03, 0.04])
        np.testing.assert_array_equal(model.curves.train_loss.y[:4], [3, 2, 1, 0.5])
        np.testing.assert_array_equal(model.curves.gradient_norm.y[:4], [9, 8, 7, 1])

    def test_an_evaluation_repeated_at_the_same_place_is_one_point(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(10), story.evaluated(), story.paused())
        tell(story.evaluated(), story.resumed(), story.paused(), story.evaluated())
        assert len(model.curves.monitored_loss) == 2
        np.testing.assert_array_equal(model.curves.monitored_loss.x, [0, 0.1])

    def test_the_latest_evaluation_is_the_one_to_show(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(10))
        evaluated = story.evaluated({4: (7, 0.8)})
        tell(evaluated)
        assert model.evaluation is evaluated.evaluation

    def test_training_accuracy_has_a_point_a_step_and_monitored_accuracy_one_an_evaluation(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), *story.epochs(2))
        np.testing.assert_array_equal(model.curves.train_accuracy.x, model.curves.train_loss.x)
        np.testing.assert_array_equal(model.curves.train_accuracy.y, 0.75)
        np.testing.assert_allclose(model.curves.train_accuracy_smooth.y, 0.75)
        np.testing.assert_allclose(model.curves.monitored_accuracy.x, [0, 1, 2])

    def test_pausing_and_resuming_add_no_point(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), *story.epochs(1))
        before = counts(model)
        for _ in range(5):
            tell(story.paused(), story.evaluated(), story.resumed())
        assert counts(model) == before


class TestSecondsLeft:
    """25 epochs of the story's 100 steps each."""

    def test_unknown_before_anything_is_known(
        self, model: RunModel, story: Any, tell: Tell, clock: Any
    ) -> None:
        assert model.seconds_left() is None
        tell(*story.opening())
        assert model.seconds_left() is None
        clock.pass_(0.5)
        tell(story.steps(10))
        assert model.seconds_left() is None  # too soon to tell

    def test_at_a_known_speed(self, model: RunModel, story: Any, tell: Tell, clock: Any) -> None:
        tell(*story.opening())
        for _ in range(30):  # half an epoch a second
            clock.pass_(0.2)
            tell(story.steps(10))
        assert model.epoch == 3
        assert model.seconds_left() == pytest.approx(2 * (25 - 3))

    def test_it_counts_down_between_news(
        self, model: RunModel, story: Any, tell: Tell, clock: Any
    ) -> None:
        tell(*story.opening())
        clock.pass_(2)
        tell(story.steps(100))
        assert model.seconds_left() == pytest.approx(48)
        clock.pass_(5)
        assert model.seconds_left() == pytest.approx(43)
        clock.pass_(500)
        assert model.seconds_left() == 0

    def test_it_follows_a_change_of_speed(
        self, model: RunModel, story: Any, tell: Tell, clock: Any
    ) -> None:
        tell(*story.opening())
        for count in [10] * 20 + [1] * 100:  # from half an epoch a second to a twentieth
            clock.pass_(0.2)
            tell(story.steps(count))
        assert model.epoch == 3
        assert model.seconds_left() == pytest.approx(20 * (25 - 3), rel=0.02)

    def test_evaluations_take_their_time(
        self, model: RunModel, story: Any, tell: Tell, clock: Any
    ) -> None:
        tell(*story.opening())
        for _ in range(3):
            clock.pass_(1)
            tell(story.steps(100, seconds=0.5))
            clock.pass_(1)
            tell(story.evaluated(), story.epoch_ended(seconds=0.5))
        clock.pass_(1)
        tell(story.steps(100))
        assert model.seconds_left() == pytest.approx(21 * 7 / 4)

    def test_on_the_way_back_it_is_the_time_until_it_is_there(
        self, model: RunModel, story: Any, tell: Tell, clock: Any
    ) -> None:
        tell(*story.opening(), *story.epochs(3), back(story, 0, ahead=250))
        for _ in range(2):
            clock.pass_(1)
            tell(story.steps(50))
        assert model.seconds_left() == pytest.approx(3)
        assert remaining(model) == "0:03 to epoch 2.50"

    @pytest.mark.parametrize("refused", [True, False])
    def test_teaching_a_copy_says_nothing_of_the_speed(
        self, model: RunModel, story: Any, tell: Tell, clock: Any, refused: bool
    ) -> None:
        tell(*story.opening())
        clock.pass_(2)
        tell(story.steps(100), happened.Teaching(story.step, story.epoch, 9, 10, []))
        clock.pass_(3)
        assert model.seconds_left() is None
        effect = happened.Effect("test", 0.9, 0.9, Comparison(100, 0, 0))
        taught = replace(story.changed("taught", (("a" * 64, 9),)), effect=effect)
        refusal = happened.Refused(story.step, "No fork")
        tell(*([refusal] if refused else [forked(story, "9 drawings taught"), *of_fork(taught)]))
        assert not model.teaching
        clock.pass_(2)
        tell(story.steps(100))
        assert model.seconds_left() == pytest.approx(46)

    def test_more_epochs_take_longer(
        self, model: RunModel, story: Any, tell: Tell, clock: Any
    ) -> None:
        tell(*story.opening())
        clock.pass_(2)
        tell(story.steps(100), story.changed("epochs", 35))
        assert model.seconds_left() == pytest.approx(68)

    @pytest.mark.parametrize("reason", ["asked", "batch", "epoch", "finished", "diverged"])
    def test_none_while_it_stands_still(
        self, model: RunModel, story: Any, tell: Tell, clock: Any, reason: str
    ) -> None:
        tell(*story.opening())
        clock.pass_(2)
        tell(story.steps(100), story.paused(reason))
        assert model.seconds_left() is None

    def test_a_pause_does_not_count(
        self, model: RunModel, story: Any, tell: Tell, clock: Any
    ) -> None:
        tell(*story.opening())
        clock.pass_(2)
        tell(story.steps(100), story.paused())
        clock.pass_(10_000)
        tell(story.resumed())
        assert model.seconds_left() is None
        clock.pass_(2)
        tell(story.steps(100))
        assert model.seconds_left() == pytest.approx(2 * 23)
