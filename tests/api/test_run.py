"""Training, settings, history and saving of a run by the API."""

from __future__ import annotations

import gc
import inspect
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.api import NewRun
from threadpoolctl import threadpool_info, threadpool_limits

import digit_tui
from digit_tui import (
    ConfigError,
    DataError,
    DivergedError,
    RefusedError,
    Run,
    RunError,
    load_digits,
    open_run,
)
from digit_tui.data import Dataset
from digit_tui.engine.worker_processes import WorkerProcesses
from digit_tui.run.commands import GoBack, Prune, SetLearningRate
from digit_tui.run.events import EpochEnded, SettingChanged, StepsDone

IMAGES = np.zeros((2, 6, 6), np.uint8)


def kinds(events: Any) -> list[str]:
    return [type(event).__name__ for event in events]


def test_it_trains_for_so_many_epochs_or_steps(new_run: NewRun) -> None:
    run = new_run()
    assert (run.step, run.epoch, run.finished) == (0, 0.0, False)
    assert run.train() is run
    assert (run.step, run.epoch) == (8, 1.0)
    run.train(steps=3)
    assert run.step == 11
    run.train()  # to the end of the epoch under way
    assert (run.step, run.epoch) == (16, 2.0)
    run.train(None)
    assert (run.step, run.epoch, run.finished) == (24, 3.0, True)
    longer = r"ll (3 )?epochs are done: set\(epochs=\.\.\.\) makes the run longer$"
    for use in (run.train, lambda: run.fork(augment="none")):
        with pytest.raises(RunError, match=longer):
            use()
    run.set(epochs=4)
    assert run.step == 24  # it does not train on by itself
    assert run.train(9).epoch == 4.0


def test_an_untrained_run_is_measured_too(new_run: NewRun, digits: Dataset) -> None:
    run = new_run()
    assert run.evaluate().total == len(digits.test_labels)
    assert run.history.epochs == 0
    assert "not trained yet, in memory" in repr(run)


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
def test_counts_are_whole_and_positive(untouched: Run, count: Any) -> None:
    for name in ("epochs", "steps"):
        with pytest.raises(ConfigError, match=f"{name}: {count!r} is not a positive whole number"):
            untouched.events(**{name: count})


def test_epochs_or_steps(untouched: Run) -> None:
    with pytest.raises(ConfigError, match="epochs=1, steps=3: give one of them"):
        untouched.train(epochs=1, steps=3)
    assert repr(inspect.signature(untouched.train).parameters["epochs"].default) == "1"


def test_the_events_are_those_of_the_trainer(new_run: NewRun) -> None:
    run = new_run()
    events = list(run.events(2))
    ended = [event for event in events if isinstance(event, EpochEnded)]
    assert [event.epoch for event in ended] == [1, 2]
    assert [event.test_accuracy for event in ended] == run.history["test_accuracy"].tolist()
    losses = np.concatenate([each.losses for each in events if isinstance(each, StepsDone)])
    assert losses.shape == (16,)
    assert kinds(events)[0] == "Resumed"
    assert "Inspected" not in kinds(events)


def test_a_run_is_changed_and_looked_at_between_events(new_run: NewRun) -> None:
    run, seen = new_run(), []
    for event in run.events(None):
        if isinstance(event, EpochEnded):
            seen.append((run.step, run.weights_sha256))
            if event.epoch == 2:
                run.set(optimizer="sgd", learning_rate=0.1)
        elif isinstance(event, SettingChanged):
            seen.append((event.step, event.setting))
    steps = [step for step, _ in seen]
    assert steps == [8, 16, 16, 16, 24]
    by_hand = new_run().train(2).set(optimizer="sgd", learning_rate=0.1).train()
    assert run.weights_sha256 == by_hand.weights_sha256


def test_a_loop_that_is_left_leaves_the_run_at_rest(new_run: NewRun) -> None:
    run = new_run()
    for _ in run.events(3):
        break
    before = run.step
    assert run.weights_sha256
    assert run.step == before
    kept = run.events(3)
    next(kept)
    run.train(None)  # while the other loop was never ended
    assert list(kept) == []
    assert run.finished
    assert run.weights_sha256 == new_run().train(None).weights_sha256


def test_settings(new_run: NewRun) -> None:
    run = new_run().train()
    assert run.set(optimizer="sgd", clip_norm=2, augment="none", batch_size=np.int64(64)) is run
    now = run.settings
    assert (now.optimizer, now.learning_rate) == ("sgd", 0.1)  # with its own rate
    assert (now.clip_norm, now.augment, now.batch_size) == (2, "none", 64)
    run.set(learning_rate=0.05, clip_norm=None)
    assert (run.settings.learning_rate, run.settings.clip_norm) == (0.05, None)
    run.set(Prune(0.25), SetLearningRate(0.2))
    assert (run.settings.pruned, run.settings.learning_rate) == (0.25, 0.2)
    assert (run.weights[0].weights == 0).sum() > 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": 0.1}, "unknown setting 'lr': did you mean learning_rate"),
        ({"optimiser": "sgd"}, "unknown setting 'optimiser': did you mean optimizer"),
        ({"batch-size": 8}, "did you mean batch_size"),
        ({"hidden": (8,)}, "hidden is chosen when a run begins; what can change is opt"),
        ({"zzz": 1}, "unknown setting 'zzz': it is none of optimizer, "),
        ({"optimizer": "tiger"}, "'tiger' is none of sgd, "),
        ({"learning_rate": -1}, "-1 is not a positive number"),
        ({"learning_rate": "0.1"}, "^learning_rate: '0.1' is no number"),
        ({"clip_norm": (1,)}, r"^clip_norm: \(1,\) is no number"),
        ({"optimizer": ["sgd"]}, "^optimizer: .* is none of sgd, "),
        ({"learning_rate": None}, "learning_rate must have a value"),
        ({"clip_norm": 1, "clip_value": 1}, "by norm or by value, not by both"),
        ({"batch_size": 2.5}, "2.5 is not a whole number"),
        ({"epochs": 2}, "^epochs: 2 is too few: the run has 3 epochs, and can only be made longer"),
        ({"epochs": "4"}, "'4' is not a whole number"),
    ],
)
def test_a_setting_that_is_refused_changes_nothing(
    untouched: Run, settings: dict[str, Any], message: str
) -> None:
    run = untouched
    before = run.settings
    with pytest.raises(ConfigError, match=message):
        run.set(augment="none", **settings)
    assert run.settings == before


def test_only_what_changes_settings_is_set(untouched: Run) -> None:
    for other in ("sgd", GoBack(0, ())):
        with pytest.raises(TypeError, match="is no command that changes a setting"):
            untouched.set(other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rat": 1}, "unknown option 'learning_rat': did you mean learning_rate?"),
        ({"sead": 1}, "did you mean seed"),
        ({"preset": "fast"}, "'fast' is none of classic, sprint, standard, record"),
        ({"hidden": (0,)}, "0 is not a whole number from 1"),
        ({"hidden": "8,x"}, "hidden: .*x"),
        ({"seed": -1}, "seed: -1 is not a whole number"),
        ({"average": "yes"}, "neither true nor false"),
        ({"learning_rate": "x"}, "^learning_rate: 'x' is no number"),
        ({"weight_decay": True}, "^weight_decay: True is no number"),
        ({"hidden": 2.5}, "^hidden: 2.5 is not a list of widths"),
        ({"batch_size": "5"}, "^batch_size: '5' is not a whole number"),
        ({"schedule": {}}, "^schedule: {} is none of constant"),
        ({"side": 7}, "the digits have a side of 6 pixels, not 7"),
        ({"data": (IMAGES, [0, 1])}, r"^data: tuple is no .* digits_from_arrays\("),
        ({"data": IMAGES}, r"^data: ndarray is no .* digits_from_arrays\("),
        ({"data": 5}, "^data: int is no name, folder or Dataset"),
    ],
)
def test_a_wrong_option(new_run: NewRun, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        new_run(**options)


def test_widths_may_be_written_as_on_the_command_line(new_run: NewRun) -> None:
    assert new_run(hidden="8,4").config.hidden == (8, 4)


def test_a_selection_that_is_no_text(new_run: NewRun) -> None:
    with pytest.raises(ValueError, match="select: 3 is no text"):
        new_run().mistakes(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        ([(np.zeros((36, 3)), None), (np.zeros((3, 4)), None)], {"hidden": 3}, "^hidden: the"),
        ([(np.zeros((36, 3)), None), (np.zeros((3, 4)), None)], {"side": 7}, "^side: the weights"),
        ([(np.zeros((36, 3)), None), (np.zeros((3, 9)), None)], {}, "tell 9 classes apart, and"),
        ([(np.zeros((36, 4)), None)], {}, "it has no hidden layer"),
        ([(np.array([["a"]]), None)], {}, "weights_1 has elements of type <U1"),
        ([np.zeros((2, 3))], {}, "^weights: layer 1 is no pair of arrays: give a file's name, or"),
        ({"0.weight": np.zeros((3, 36))}, {}, r"^weights: a dict .* safetensors\.torch\.save_file"),
        (5, {}, "^weights: int is no list of layers"),
        ("none.npz", {}, "none.npz: there is no such file"),
    ],
)
def test_weights_that_are_refused(
    digits: Dataset, weights: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises((ConfigError, DataError), match=message):
        Run("classic", data=digits, weights=weights, **options)


def test_more_held_out_than_there_is(digits: Dataset) -> None:
    with pytest.raises(DataError, match=r"^validation: 230 is too many: .* 230 training"):
        Run("classic", data=digits, validation=230)


def test_data_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        Run("classic", data=tmp_path / "nothing")


def test_undo_takes_back_one_set_with_all_that_it_changed(new_run: NewRun) -> None:
    run = new_run().train(steps=5)
    before = run.weights_sha256
    run.set(optimizer="sgd", clip_norm=0.5).train().set(learning_rate=0.5).train(steps=2)
    assert run.undo() is run
    assert (run.step, run.settings.learning_rate, run.settings.clip_norm) == (8, 0.1, 0.5)
    assert run.history["epoch"].tolist() == [1]
    run.undo()
    assert (run.step, run.settings.optimizer, run.settings.clip_norm) == (5, "adam", None)
    with pytest.raises(RefusedError, match=r"^Nothing is left to undo$"):
        new_run().undo()
    assert run.weights_sha256 == before
    assert run.history.epochs == 0
    with pytest.raises(RefusedError, match="Nothing is left to undo"):
        run.undo()
    assert run.train(None).weights_sha256 == new_run().train(None).weights_sha256


def test_a_network_that_diverges(new_run: NewRun) -> None:
    run = new_run().train()
    run.set(optimizer="sgd", learning_rate=1e30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a spike comes before
        with pytest.raises(DivergedError, match=r"undo\(\) goes back to when it was good"):
            run.train()
        assert run.undo().step <= 8
    assert run.settings.optimizer == "adam"
    assert run.train(None).weights_sha256 == new_run().train(None).weights_sha256


def test_a_spike_is_told_and_trained_through(new_run: NewRun) -> None:
    run = new_run(average=False, schedule="constant").train(2).set(epochs=6)
    run.set(optimizer="sgd", learning_rate=1e4)
    with pytest.warns(RuntimeWarning, match=r"it trains on, undo\(\) goes back"):
        run.train(None)
    assert run.finished


def test_the_history_is_arrays(new_run: NewRun) -> None:
    run = new_run(validation=50).train(2)
    history = run.history
    assert history["epoch"].tolist() == [1, 2]
    assert history["optimizer"].tolist() == ["adam", "adam"]
    assert "test_accuracy" not in history
    assert history["validation_accuracy"][-1] == run.evaluate().accuracy
    with pytest.raises(ValueError, match="read-only"):
        history["train_loss"][0] = 0
    assert repr(history).startswith("<History of 2 epochs: epoch, step, learning_rate, ")
    html = history._repr_html_()
    assert html.count("<tr>") == 3
    assert f"<td>{history['train_loss'][1]:.4g}</td>" in html


def test_the_test_set_stays_closed_until_it_is_asked_for(new_run: NewRun) -> None:
    run = new_run(validation=50).train()
    assert run.evaluate().total == run.evaluate(split="validation").total == 50
    assert run.evaluate(split="test").total == 60
    assert run._session.known.status.test_opened == run.step
    with pytest.raises(ValueError, match="split 'training' is none of test, validation"):
        run.evaluate(split="training")
    with pytest.raises(ValueError, match="no images are held out"):
        new_run().evaluate(split="validation")


def test_weights_are_copies_that_nobody_changes(new_run: NewRun) -> None:
    run = new_run().train(steps=2)
    weights, before = run.weights, run.weights_sha256
    assert [each.weights.shape for each in weights] == [(36, 8), (8, 4)]
    with pytest.raises(ValueError, match="read-only"):
        weights[0].weights[0, 0] = 1
    copy = weights[0].weights.copy()
    run.train(steps=2)
    assert np.array_equal(weights[0].weights, copy)
    assert run.weights_sha256 != before
    assert repr(run.network) == "<Network 36-8-4: 332 parameters>"


def test_a_closed_run_still_tells_what_it_was(new_run: NewRun, digits: Dataset) -> None:
    with new_run() as run:
        run.train()
        before = run.weights_sha256, run.evaluate().correct
    assert run.closed
    run.close()  # the second time nothing
    assert (run.weights_sha256, run.evaluate().correct) == before
    assert len(run.predict(digits.test_images)) == 60
    assert repr(run).endswith("in memory, closed>")
    for use in (run.train, run.undo, run.save, lambda: run.set(augment="none"), run.fork):
        with pytest.raises(RunError, match="the run is closed"):
            use()


def test_an_error_in_the_block_closes_the_run(new_run: NewRun) -> None:
    run = new_run()

    def fail() -> None:
        with run:
            for _ in run.events():
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert run.closed


class Watched(WorkerProcesses):
    """Counts the processes that run."""

    running = 0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        type(self).running += len(self._processes)

    def end(self) -> None:
        type(self).running -= len(self._processes)
        super().end()


def test_no_process_stays_behind(
    new_run: NewRun, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digit_tui.engine.worker_pool.WorkerProcesses", Watched)
    run: Run | None = Run("classic", data=digits, hidden=(8,), threads=2)
    assert Watched.running == 1
    loop = run.events(None)
    next(loop)
    run = loop = None
    gc.collect()
    assert Watched.running == 0


def test_the_blas_is_the_programs_own_between_the_steps(new_run: NewRun) -> None:
    def threads() -> list[int]:
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    with threadpool_limits(2, user_api="blas"):
        before = threads()
        run = new_run()
        assert threads() == before
        for _ in run.events():
            assert threads() == before
        run.close()
        assert threads() == before


def test_a_folder(new_run: NewRun, kept_digits: dict[str, Any], tmp_path: Path) -> None:
    options = kept_digits
    run = new_run(**options, folder=tmp_path / "run")
    run.train(steps=2)
    assert run.save() == run.folder == tmp_path / "run"
    assert run.save(tmp_path / "run") == run.folder
    with pytest.raises(RunError, match=r"is saved in .*run already"):
        run.save(tmp_path / "other")
    for again in (lambda: new_run(**options, folder=run.folder), open_run(run.folder).resume):
        with pytest.raises(RunError, match="in use by another run of this program: close it"):
            again()
    run.close()
    with pytest.raises(RunError, match="holds a run already"):
        new_run(**options, folder=tmp_path / "run")
    # In memory, then in the state directory.
    late = new_run(data=load_digits(**options)).train(steps=1)
    folder = late.save()
    late.close()
    assert open_run().path == open_run("last").path == folder
    assert open_run().step == 1
    with pytest.raises(RunError, match="holds a run already"):
        new_run(**options).save(folder)


def test_digits_in_memory_are_not_saved(new_run: NewRun, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="a saved run needs its digits again"):
        new_run().save(tmp_path / "run")
    with pytest.raises(RunError, match="a saved run needs its digits again"):
        new_run(folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_disk_that_refuses(new_run: NewRun, kept_digits: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    run = new_run(**kept_digits)
    with pytest.raises(RunError, match=r"cannot save the run: .*file"):
        run.save(tmp_path / "file" / "run")
    assert run.folder is None
    run.train(steps=1)  # it goes on in memory


def test_dir_and_unknown_names() -> None:
    assert {"Run", "DigitClassifier", "load_digits", "__version__"} <= set(dir(digit_tui))
    with pytest.raises(AttributeError, match="module 'digit_tui' has no attribute 'nothing'"):
        digit_tui.nothing  # noqa: B018
    for name in digit_tui.__all__:
        assert getattr(digit_tui, name) is not None
