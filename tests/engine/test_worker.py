"""What workers compute, as many as there are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.command_script import CommandScript
from support.rarely import endurance, rarely
from support.workers import drive, needs_workers

from digit_tui.data import Dataset
from digit_tui.engine import stepper as step_module
from digit_tui.engine import worker_processes as pool_module
from digit_tui.engine.batches import BLOCK, Batches, TrainingData
from digit_tui.engine.step_group import MAX_STEPS, StepGroup
from digit_tui.engine.stepper import Stepper
from digit_tui.engine.worker import Worker
from digit_tui.engine.worker_pool import WorkerPool
from digit_tui.engine.worker_spec import WorkerSpec
from digit_tui.nn import Network, evaluate
from digit_tui.nn.inputs import Inputs
from digit_tui.run.commands import SetBatchSize
from digit_tui.run.events import Diverged, StepsDone
from digit_tui.run.random_streams import stream
from digit_tui.run.state import RunState, Vectors
from digit_tui.training.trainer import Trainer

SETTINGS: list[Any] = [
    {"clip_norm": 0.5, "optimizer": "momentum"},
    *rarely(
        {},
        {"augment": "elastic", "average": False},
        {"hidden": (1,)},  # the other layers are small beside the first one
        {"clip_value": 0.01, "optimizer": "rmsprop"},
        {"hidden": (7, 5), "batch_size": 31, "weight_decay": 0.1},
        {"batch_size": 1, "epochs": 1},  # fewer images than workers
        {"optimizer": "muon", "hidden": (7, 5), "learning_rate": 0.005, "weight_decay": 0.1},
    ),
    *endurance(
        {"optimizer": "lion", "learning_rate": 1e-4},
        {"optimizer": "schedulefree", "weight_decay": 0.1},
    ),
]


def batches_of(digits: Dataset, seed: int) -> Batches:
    data = TrainingData(digits.train_images, digits.train_labels)
    block = np.zeros((BLOCK, digits.pixels), np.uint8)
    return Batches(data, seed, digits.side, digits.side / 28, block)


def alone(worker: Worker, group: StepGroup) -> None:
    """Have the only worker make steps: it waits for nobody."""
    with np.errstate(all="ignore"):
        for _ in worker.steps(*group):
            pass


@needs_workers
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_any_number_of_workers_computes_the_same_but_for_rounding(
    settings: dict[str, Any], train: Any
) -> None:
    alone = train(threads=1, **settings)
    for threads in (2, 3):
        together, again = (train(threads=threads, **settings) for _ in range(2))
        assert together.sha256 == again.sha256
        for name in ("losses", "accuracies", "gradient_norms"):
            expected, actual = (
                np.concatenate([getattr(event, name) for event in ran.all(StepsDone)])
                for ran in (alone, together)
            )
            np.testing.assert_allclose(actual, expected, rtol=2e-3, atol=2e-4)
        weights = alone.trainer.state.parameters, together.trainer.state.parameters
        np.testing.assert_allclose(*weights, rtol=1e-2, atol=1e-3)
        assert together.ended.test_correct == pytest.approx(alone.ended.test_correct, abs=1)


@needs_workers
@pytest.mark.parametrize(
    "settings",
    [
        {"augment": "none"},
        {"optimizer": "muon", "hidden": (7, 5)},  # whose matrices one worker each orthogonalises
        *rarely({"augment": "elastic"}),
    ],
    ids=str,
)
def test_what_workers_compute_does_not_depend_on_their_processes(
    settings: dict[str, Any], train: Any
) -> None:
    sums = {train(threads=3, processes=each, **settings).sha256 for each in (1, 2, 3)}
    assert len(sums) == 1


@needs_workers
def test_an_evaluation_is_shared(train: Any, make_digits: Any) -> None:
    digits = make_digits(test=5_001)  # more than a block
    ran = train(dataset=digits, threads=2, average=False)
    network = Network((36, 8, 4), ran.trainer.state.parameters)
    expected = evaluate(network, digits.test_images, digits.test_labels)
    found = ran.ended.evaluated.evaluation
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-6)
    np.testing.assert_allclose(found.losses, expected.losses, atol=1e-5)
    assert found.total == 5_001
    assert found.correct == expected.correct


@needs_workers
def test_the_batch_size_may_change_on_the_way(train: Any) -> None:
    alone, together = (train([(5, SetBatchSize(50))], threads=threads) for threads in (1, 2))
    assert together.ended.steps == alone.ended.steps
    np.testing.assert_allclose(
        together.trainer.state.parameters, alone.trainer.state.parameters, rtol=1e-2, atol=1e-3
    )


@needs_workers
@pytest.mark.parametrize("threads", [1, 2, *rarely(3)])
def test_a_step_that_is_not_finite_changes_nothing(
    threads: int, digits: Dataset, config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither as the first step of a step group nor as a later one."""
    wild = config.with_(threads=threads, optimizer="momentum", learning_rate=1e6, augment="none")

    def end() -> tuple[Any, ...]:
        trainer = Trainer(wild, digits, CommandScript([]))
        drive(trainer, lambda event: isinstance(event, Diverged))
        state = trainer.state
        tally = replace(state.tally, seconds=0.0)
        return state.step, state.slot_steps, state.cursor, vars(tally), state.vectors

    monkeypatch.setattr(step_module, "MAX_STEPS", 1)
    *expected, vectors = end()
    assert expected[0] > 2
    assert np.isfinite(vectors.parameters).all()
    monkeypatch.setattr(step_module, "MAX_STEPS", MAX_STEPS)
    *found, same = end()
    assert found == expected
    for first, second in zip(same, vectors, strict=True):
        np.testing.assert_array_equal(first, second)


def test_after_a_step_that_is_not_finite_none_is_made() -> None:
    def after(*brightness: int) -> Vectors:
        images = len(brightness)
        spec = WorkerSpec((36, 4, 3), 6, 1.0, images, False, seed=0, batch_size=1, workers=1)
        vectors = Vectors.make(spec.sizes, False, np.zeros)
        # In the order in which the epoch takes them.
        order = stream(0, "shuffle", 0).permutation(images)
        pixels = np.zeros((images, 36), np.uint8)
        pixels[order] = np.array(brightness, np.uint8)[:, None]
        digits = TrainingData(pixels, np.zeros(images, np.uint8))
        batches = Batches(digits, 0, 6, 1.0, np.zeros((BLOCK, 36), np.uint8))
        worker = Worker(spec, vectors, np.ones_like(vectors.parameters), batches, np.zeros, 0)
        vectors.parameters[: 36 * 4] = 1e38  # overflows, but not for a blank image
        rates = ((1, 0.1),) * images
        group = StepGroup(0, 0, 0, False, "adam", 0.0, None, None, 0, False, 0, rates)
        alone(worker, group)
        finite = [sums.finite for sums in worker.sums(slice(images))]
        assert finite[:2] == [each == 0 for each in brightness[:2]]
        return vectors

    for first, second in zip(after(0, 255, 0), after(0), strict=True):
        np.testing.assert_array_equal(first, second)
    assert (after(0, 0, 0).parameters != after(0).parameters).any()


def test_a_step_group_counts_what_its_steps_came_to(digits: Dataset) -> None:
    """Losses and right answers of all steps are added up together, a short batch's too."""
    spec = WorkerSpec((36, 4, 4), 6, 1.0, 230, False, seed=0, batch_size=100, workers=1)
    vectors = Vectors.make(spec.sizes, False, np.zeros)
    network = Network(spec.sizes, vectors.parameters)
    network.initialize(np.random.default_rng(0))
    worker = Worker(
        spec, vectors, np.ones_like(vectors.parameters), batches_of(digits, 0), np.zeros, 0
    )
    counts = (100, 100, 30)
    rates = tuple((images, 0.0) for images in counts)
    alone(worker, StepGroup(0, 0, 0, False, "sgd", 0.0, None, None, 0, False, 0, rates))
    order = stream(0, "shuffle", 0).permutation(230)
    start = 0
    for images, sums in zip(counts, worker.sums(slice(3)), strict=True):
        chosen = order[start : start + images]
        start += images
        expected = evaluate(network, digits.train_images[chosen], digits.train_labels[chosen])
        assert sums.loss == pytest.approx(expected.loss * images, rel=1e-5)
        assert sums.correct == expected.correct


@needs_workers
@pytest.mark.parametrize("batch_size", [100, 5_000, *rarely(1, 1_500, 9_000)])
def test_workers_load_the_images_of_the_shuffle(
    batch_size: int, make_digits: Any, config: Any
) -> None:
    digits = make_digits(train=9_000)
    changed = config.with_(batch_size=batch_size, threads=2, augment="none")
    order = stream(changed.seed, "shuffle", 0).permutation(9_000)
    with WorkerPool.for_run(changed, (36, 8, 4), digits) as pool:
        state = RunState.begin(changed, (36, 8, 4), pool.vectors)
        stepper = Stepper(changed, pool)
        found: list[Inputs] = []
        inputs = pool.workers[0].inputs

        def look(*values: Any) -> Inputs:
            found.append(inputs(*values))
            return found[-1]

        pool.workers[0].inputs = look  # type: ignore[method-assign]
        start = 0
        while start < min(9_000, 100 * batch_size):
            (result,) = stepper.steps(state, 1)
            chosen = order[start : start + result.images]
            expected = digits.train_images[chosen][:, pool.workers[0]._inputs.pixels]
            values, kept = found[-1]
            rows = kept.rows if kept else np.arange(expected.shape[1])
            np.testing.assert_array_equal(values, expected[:, rows] * np.float32(1 / 255))
            assert not np.delete(expected, rows, axis=1).any()
            labels = pool._batches.labels(0, start, result.images)
            np.testing.assert_array_equal(labels, digits.train_labels[chosen])
            start += result.images
        if batch_size == 1:  # of 50 images one inks all pixels
            assert sum(each.kept is not None for each in found) > 90


@needs_workers
@pytest.mark.parametrize("batch_size", [1_500, 9_000])
def test_workers_load_deformed_images_of_two_blocks_and_three(
    batch_size: int, make_digits: Any, train: Any
) -> None:
    digits = make_digits(train=9_000)
    options = {"batch_size": batch_size, "augment": "shift", "dataset": digits, "epochs": 2}
    alone, together = (train(threads=threads, **options) for threads in (1, 2))
    expected, actual = (
        np.concatenate([event.losses for event in ran.all(StepsDone)]) for ran in (alone, together)
    )
    assert len(actual) == 2 * -(-9_000 // batch_size)
    np.testing.assert_allclose(actual, expected, rtol=2e-3)
    assert len(set(actual.tolist())) == len(actual)


def test_without_workers_threads_are_left_to_the_blas(
    train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "WORKER_PROCESSES", False)
    ran = train(threads=2)
    assert ran.trainer.blas_threads == 2
    assert ran.ended.epochs == 2
