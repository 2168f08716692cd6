"""Makes network_oracle.npz: what PyTorch computes for a network on digits of the sample.

Run by hand, with PyTorch 2.13 installed beside digit-tui; the tests only read the file.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from digit_tui.data import load_dataset

SIZES = (784, 16, 12, 10)
DIGITS = 16
STEPS = 20
OPTIMIZERS = {
    "sgd": lambda each: torch.optim.SGD(each, lr=0.1),
    "momentum": lambda each: torch.optim.SGD(each, lr=0.05, momentum=0.9),
    "nesterov": lambda each: torch.optim.SGD(each, lr=0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda each: torch.optim.RMSprop(each, lr=0.001, alpha=0.99, eps=1e-8),
    "adam": lambda each: torch.optim.Adam(each, lr=0.001),
    "adamw": lambda each: torch.optim.AdamW(each, lr=0.001, weight_decay=0.1),
}


def network(layers: list[tuple[np.ndarray, np.ndarray]]) -> torch.nn.Sequential:
    modules: list[torch.nn.Module] = []
    for weights, biases in layers:
        linear = torch.nn.Linear(*weights.shape, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights.T.astype(np.float64)))
            linear.bias.copy_(torch.from_numpy(biases.astype(np.float64)))
        modules += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1])


def main() -> None:
    generator = np.random.default_rng(2_013)
    sample = load_dataset("sample")
    indices = generator.choice(len(sample.train_labels), DIGITS, replace=False)
    inputs = torch.from_numpy(sample.train_images[indices].astype(np.float64) / 255)
    labels = torch.from_numpy(sample.train_labels[indices].astype(np.int64))
    layers = [
        (
            generator.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out)).astype(np.float16),
            generator.normal(0, 0.1, fan_out).astype(np.float16),
        )
        for fan_in, fan_out in pairwise(SIZES)
    ]

    model = network(layers)
    logits = model(inputs)
    loss = torch.nn.functional.cross_entropy(logits, labels)
    loss.backward()
    gradients = [
        part.ravel().numpy()
        for module in model
        if isinstance(module, torch.nn.Linear)
        for part in (module.weight.grad.T, module.bias.grad)
    ]
    trajectories = {}
    for name, optimizer in OPTIMIZERS.items():
        model = network(layers)
        steps = optimizer(model.parameters())
        losses = []
        for _ in range(STEPS):
            steps.zero_grad()
            value = torch.nn.functional.cross_entropy(model(inputs), labels)
            value.backward()
            steps.step()
            losses.append(value.item())
        trajectories[f"losses_{name}"] = np.array(losses)

    np.savez_compressed(
        Path(__file__).parent / "network_oracle.npz",
        sizes=np.array(SIZES),
        sample_sha256=np.array(sample.sha256),
        indices=indices,
        parameters=np.concatenate([part.ravel() for layer in layers for part in layer]),
        logits=logits.detach().numpy(),
        probabilities=logits.softmax(dim=1).detach().numpy(),
        loss=np.array(loss.item()),
        gradient=np.concatenate(gradients),
        **trajectories,
    )


if __name__ == "__main__":
    main()
