"""Six runs that go wrong: the worst finding names the cause within two epochs, and is mended."""

from __future__ import annotations

import pytest
from support.health import diagnose, first_layer_dead, mislabelled, scaled, some
from support.rarely import rarely

from digit_tui.data import Dataset
from digit_tui.nn import RULES
from digit_tui.run.commands import ScaleLearningRate, SetAugmentation, SetClipping

STEPS = 63
"""Of an epoch: 4,000 images in batches of 64."""

LOOKED_AT = [(optimizer, True) for optimizer in ("sgd", "momentum", "rmsprop", "adam", "adamw")]


class TestHundredfoldRate:
    @pytest.mark.parametrize(("optimizer", "look"), [("sgd", False), ("adam", False), *LOOKED_AT])
    def test_from_the_start(self, sample: Dataset, optimizer: str, look: bool) -> None:
        rate = 100 * RULES[optimizer].learning_rate
        ran = diagnose(sample, optimizer=optimizer, learning_rate=rate, look=look)
        worst = ran.findings[-1][0]
        assert worst.rule == "high rate"
        assert worst.cause == f"the rate of {rate:.3g} from the start"
        assert worst.remedies == ("slower_start",)

    @pytest.mark.parametrize(("optimizer", "look"), [("sgd", False), ("adam", False), *LOOKED_AT])
    def test_while_it_trains(self, sample: Dataset, optimizer: str, look: bool) -> None:
        script = [(2 * STEPS, ScaleLearningRate(100.0))]
        ran = diagnose(sample, script, optimizer=optimizer, epochs=4, look=look)
        assert ran.findings[1] == []
        worst = ran.findings[-1][0]
        assert worst.rule == "high rate"
        assert worst.cause.startswith("learning rate ")
        assert worst.cause.endswith(" at step 126")
        assert (worst.since_epoch, worst.since_step) == (2.0, 126)
        assert worst.remedies == ("undo",)  # half of it would be 50 times too high


class TestDeadFirstLayer:
    @pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
    def test_it_is_named(self, sample: Dataset, optimizer: str) -> None:
        ran = diagnose(sample, before=first_layer_dead(1.0), optimizer=optimizer)
        for found in ran.findings:
            assert found[0].words == "all of layer 1 is dead"
            assert found[0].evidence.startswith("64 of 64 units")
            assert (found[0].since_epoch, found[0].since_step) == (0.0, 0)
            assert found[0].remedies == ("restart",)


class TestWrongLabels:
    """30% of them are wrong."""

    @pytest.mark.parametrize("test", [False, True])
    @pytest.mark.parametrize("options", [{}, *rarely({"optimizer": "sgd"}, {"augment": "elastic"})])
    @pytest.mark.parametrize("look", [True, False])
    def test_they_are_doubted(
        self, sample: Dataset, test: bool, options: dict[str, str], look: bool
    ) -> None:
        # Deformed images are harder: without a look at them as they are it takes an epoch more.
        epochs = 3 if options.get("augment") and not look else 2
        ran = diagnose(mislabelled(sample, 0.3, test), look=look, epochs=epochs, **options)
        worst = ran.findings[-1][0]
        assert worst.rule == "fighting labels"
        assert worst.words == (
            "many labels look wrong" if test else "many training labels look wrong"
        )
        assert worst.remedies == ("data",)


class TestTwentyImages:
    """An epoch is one step. That there are too few images is known before the first."""

    @pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
    @pytest.mark.parametrize("epochs", [60, pytest.param(500, marks=pytest.mark.long)])
    def test_they_are_too_few(self, sample: Dataset, optimizer: str, epochs: int) -> None:
        ran = diagnose(some(sample, 20), optimizer=optimizer, epochs=epochs, look=False)
        for found in ran.findings:
            assert found[0].words == "there are only 20 training images"
            assert found[0].remedies == ("augment", "data")
        # Two epochs after the last image was learned by heart, it is said that it helps no more.
        heart = next(each.epoch for each in ran.last.epochs if each.train_accuracy == 1.0)
        assert "by heart" in ran.findings[heart + 1][0].evidence

    @pytest.mark.long
    def test_deforming_them_helps(self, sample: Dataset) -> None:
        few = some(sample, 20)
        as_they_are = diagnose(few, epochs=500, look=False)
        mended = diagnose(few, [(60, SetAugmentation("elastic"))], epochs=500, look=False)
        assert as_they_are.accuracies[-1] < 0.55
        assert mended.accuracies[-1] > as_they_are.accuracies[-1] + 0.1


class TestTinyClipNorm:
    """1e-3, where gradients have a norm of 1 to 2."""

    @pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adamw"])
    @pytest.mark.parametrize("look", [True, False])
    def test_it_is_named(self, sample: Dataset, optimizer: str, look: bool) -> None:
        ran = diagnose(sample, optimizer=optimizer, clip_norm=1e-3, look=look)
        for found in ran.findings:
            assert found[0].words == "nearly every step is clipped"
            assert found[0].cause == "clipping by norm 0.001"
            assert found[0].remedies == ("clip",)

    def test_no_clipping_mends_it(self, sample: Dataset) -> None:
        script = [(2 * STEPS, SetClipping())]
        ran = diagnose(sample, script, optimizer="sgd", clip_norm=1e-3, epochs=6)
        assert ran.accuracies[1] < 0.2
        assert ran.accuracies[-1] > 0.85
        assert ran.rules == []


class TestTinyWeights:
    """A thousandth of what they begin with."""

    @pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
    def test_they_are_named(self, sample: Dataset, optimizer: str) -> None:
        ran = diagnose(sample, before=scaled(1e-3), optimizer=optimizer)
        for found in ran.findings:
            assert found[0].rule == "small weights"
            assert found[0].cause == "the weights that it began with"
            assert found[0].remedies == ("restart",)

    def test_without_a_look_inside_it_is_said_that_it_guesses(self, sample: Dataset) -> None:
        ran = diagnose(sample, before=scaled(1e-3), optimizer="sgd", look=False)
        assert ran.rules == ["guessing"]
