"""Makes new_optimizers.json: what the authors' own code does on small problems, in float64.

Run by hand, in an environment with torch 2.13, schedulefree 1.4.1 and prodigyopt 1.1.2; the tests
only read the file. Lion and Muon are transcribed: Lion's authors publish a file and no package, and
torch.optim.Muon orthogonalises in bfloat16, which is float64 here.

The gradients are those of the trajectory itself, rounded to six digits before they are used, so
that a test can make the same steps without the problems.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from prodigyopt import Prodigy
from schedulefree import AdamWScheduleFree

STEPS = 50
SHOWN = (1, 2, 3, 10, 25, 50)
"""The steps after which parameters are kept."""
MADE_BY = (
    "tests/nn/make_optimizer_oracle.py, in float64. schedulefree: AdamWScheduleFree of "
    "schedulefree 1.4.1, warmup_steps=0; prodigy: Prodigy of prodigyopt 1.1.2; both with PyTorch "
    "2.13.0, and their other defaults. lion: transcribed from lion_pytorch.py of google/automl, "
    "betas 0.9 and 0.99. muon: transcribed from torch.optim.Muon of PyTorch 2.13.0, its "
    "Newton-Schulz iteration in float64 instead of bfloat16; its matrices are (fan_out, fan_in)."
)


class Lion(torch.optim.Optimizer):
    """After lion_pytorch.py of google/automl."""

    def __init__(self, params: Any, lr: float, weight_decay: float) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        beta1, beta2 = 0.9, 0.99
        for group in self.param_groups:
            for p in group["params"]:
                p.data.mul_(1 - group["lr"] * group["weight_decay"])
                state = self.state[p]
                if not state:
                    state["exp_avg"] = torch.zeros_like(p)
                exp_avg = state["exp_avg"]
                update = exp_avg * beta1 + p.grad * (1 - beta1)
                p.add_(update.sign_(), alpha=-group["lr"])
                exp_avg.mul_(beta2).add_(p.grad, alpha=1 - beta2)


class Muon(torch.optim.Optimizer):
    """After torch.optim.Muon, in the parameters' own type."""

    def __init__(self, params: Any, lr: float, weight_decay: float) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        momentum = 0.95
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(p)
                buf = state["momentum_buffer"]
                buf.lerp_(p.grad, 1 - momentum)
                update = _newton_schulz(p.grad.lerp(buf, momentum))
                rows, columns = p.shape
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"] * math.sqrt(max(1, rows / columns)))


def _newton_schulz(grad: torch.Tensor) -> torch.Tensor:
    a, b, c = 3.4445, -4.7750, 2.0315
    ortho_grad = grad.T if grad.size(0) > grad.size(1) else grad
    ortho_grad = ortho_grad / ortho_grad.norm().clamp(min=1e-7)
    for _ in range(5):
        gram_matrix = ortho_grad @ ortho_grad.T
        gram_update = b * gram_matrix + c * gram_matrix @ gram_matrix
        ortho_grad = a * ortho_grad + gram_update @ ortho_grad
    return ortho_grad.T if grad.size(0) > grad.size(1) else ortho_grad


OPTIMIZERS: dict[str, Callable[[Any, float, float], torch.optim.Optimizer]] = {
    "lion": lambda each, lr, decay: Lion(each, lr, decay),
    "schedulefree": lambda each, lr, decay: AdamWScheduleFree(each, lr=lr, weight_decay=decay),
    "prodigy": lambda each, lr, decay: Prodigy(each, lr=lr, weight_decay=decay),
    "muon": lambda each, lr, decay: Muon(each, lr, decay),
}


def quadratic(x: torch.Tensor, step: int) -> torch.Tensor:
    scales = torch.tensor([0.1, 1.0, 5.0, 20.0], dtype=torch.float64)
    return (
        0.5 * (scales * (x - torch.tensor([1.0, -2.0, 0.5, 0.25], dtype=torch.float64)) ** 2).sum()
    )


def rosenbrock(x: torch.Tensor, step: int) -> torch.Tensor:
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def logistic(x: torch.Tensor, step: int) -> torch.Tensor:
    """Each step has a batch of its own: the gradients are noisy."""
    generator = torch.Generator().manual_seed(step)
    inputs = torch.randn(8, 5, generator=generator, dtype=torch.float64)
    truth = torch.tensor([1.0, -1.0, 2.0, 0.0, 0.5], dtype=torch.float64)
    labels = (
        inputs @ truth + torch.randn(8, generator=generator, dtype=torch.float64) > 0
    ).double()
    logits = inputs @ x[:5] + x[5]
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)


def matrix(shape: tuple[int, int]) -> Callable[[torch.Tensor, int], torch.Tensor]:
    """Least squares for a weight matrix, with noisy batches."""

    def loss(x: torch.Tensor, step: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(step)
        rows, columns = shape
        inputs = torch.randn(6, columns, generator=generator, dtype=torch.float64)
        truth = torch.linspace(-1, 1, rows * columns, dtype=torch.float64).reshape(shape)
        return 0.5 * ((inputs @ (x - truth).T) ** 2).mean()

    return loss


VECTORS: dict[str, tuple[Any, list[float]]] = {
    "quadratic": (quadratic, [3.0, 1.0, -1.0, 0.5]),
    "rosenbrock": (rosenbrock, [-1.2, 1.0]),
    "logistic": (logistic, [0.0, 0.1, -0.1, 0.2, 0.0, 0.0]),
}
MATRICES: dict[str, tuple[Any, list[list[float]]]] = {
    name: (
        matrix((rows, columns)),
        torch.arange(rows * columns).sin().reshape(rows, columns).tolist(),
    )
    for name, rows, columns in (("tall", 5, 3), ("wide", 2, 4), ("square", 3, 3))
}
RATES = {"lion": 0.02, "schedulefree": 0.05, "prodigy": 1.0, "muon": 0.02}
DECAY = 0.1


def digits(x: torch.Tensor) -> list[float]:
    """Far more of them than float32 has."""
    return [float(f"{value:.13g}") for value in x.flatten().tolist()]


def case(name: str, problem: str, decay: float, changes: bool) -> dict[str, Any]:
    """One trajectory.

    Args:
        name: of the rule.
        problem: a key of VECTORS or MATRICES.
        decay: weight decay.
        changes: whether the learning rate changes on the way.
    """
    loss, start = {**VECTORS, **MATRICES}[problem]
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    rates = [RATES[name]] * STEPS
    if changes:
        rates[20:] = [RATES[name] / 4] * (STEPS - 20)
        rates[35:] = [RATES[name] / 2] * (STEPS - 35)
    optimizer = OPTIMIZERS[name]([x], rates[0], decay)
    gradients, shown, evaluated, sizes = [], {}, {}, {}
    if name == "schedulefree":
        optimizer.train()  # type: ignore[attr-defined]
    for step, rate in enumerate(rates, 1):
        optimizer.zero_grad()
        loss(x, step).backward()
        assert x.grad is not None
        gradient = [float(f"{value:.6g}") for value in x.grad.flatten().tolist()]
        x.grad.copy_(torch.tensor(gradient, dtype=torch.float64).reshape(x.shape))
        gradients.append(gradient)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        if step in SHOWN:
            shown[step] = digits(x)
            if name == "schedulefree":
                optimizer.eval()  # type: ignore[attr-defined]
                evaluated[step] = digits(x)
                optimizer.train()  # type: ignore[attr-defined]
            if name == "prodigy":
                sizes[step] = optimizer.param_groups[0]["d"]
    made = {
        "rule": name,
        "shape": list(x.shape),
        "start": torch.tensor(start, dtype=torch.float64).flatten().tolist(),
        "rates": rates,
        "weight_decay": decay,
        "gradients": gradients,
        "parameters": shown,
    }
    return made | ({"evaluated": evaluated} if evaluated else {}) | ({"d": sizes} if sizes else {})


def main() -> None:
    cases = {}
    for name in OPTIMIZERS:
        for problem in MATRICES if name == "muon" else VECTORS:
            for words, decay, changes in (
                ("", 0.0, False),
                (" with decay and other rates", DECAY, True),
            ):
                cases[f"{name}: {problem}{words}"] = case(name, problem, decay, changes)
    text = json.dumps({"made_by": MADE_BY, "cases": cases}, separators=(",", ":"))
    Path(__file__).with_name("new_optimizers.json").write_text(text + "\n", encoding="utf-8")


main()
