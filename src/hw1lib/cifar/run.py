"""One training run: its epochs, and the checkpoint after each."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from hw1lib.cifar.data import Cifar10, Split
from hw1lib.cifar.model import build_net
from hw1lib.cifar.sgd import evaluate, train_epoch
from hw1lib.cifar.stopping import has_flattened, has_turned
from hw1lib.errors import InputError
from hw1lib.files import replacing
from hw1lib.homework import Homework

Row: TypeAlias = dict[str, float]


class Run:
    """A training run between two epochs: all that the next epoch depends on.

    Attributes:
        net: net with the weights so far.
        generator: random state that shuffles the images of the next epoch.
        history: one row per epoch. `epoch` counts from 1; `train_loss`, `test_loss` and, where
            images are held out, `validation_loss` are the mean cross-entropy over the whole set
            after the epoch, in nats; `train_accuracy` and so on are the share of images classified
            correctly, 0 to 1; `seconds` is the wall time of the epoch and its evaluation.
    """

    def __init__(
        self, homework: Homework, seed: int, device: torch.device, held_out: bool = False
    ) -> None:
        """A run before its first epoch: `seed` gives the weights and the order of the images.

        With `held_out`, images are held out, and the loss on them ends the training.
        """
        self.homework, self.held_out = homework, held_out
        self.net = build_net(homework.layer_sizes, seed).to(device)
        self.generator = torch.Generator().manual_seed(seed)
        self.history: list[Row] = []

    @property
    def settled(self) -> bool:
        """Whether the stopping rule is met."""
        homework = self.homework
        if self.held_out:
            return has_turned([row["validation_loss"] for row in self.history], homework.patience)
        losses = [row["train_loss"] for row in self.history]
        return has_flattened(losses, homework.flat_window, homework.flat_tolerance)

    @property
    def finished(self) -> bool:
        """Whether the stopping rule is met or the largest number of epochs is reached."""
        return self.settled or len(self.history) >= self.homework.max_epochs

    def next_epoch(self, train: Split, test: Split) -> Row:
        """Trains and evaluates one epoch, and adds the row that it returns to the history.

        Both splits are standardised and on the run's device.

        Raises:
            InputError: a loss became infinite or NaN.
        """
        start = time.perf_counter()
        homework, number = self.homework, len(self.history) + 1
        sets = {"train": torch.arange(len(train))}
        if self.held_out:
            sets["train"], sets["validation"] = hold_out(train.labels, homework.held_out)
        shuffled = torch.randperm(len(sets["train"]), generator=self.generator)
        order = sets["train"][shuffled].to(train.labels.device)
        train_epoch(self.net, train, order, homework.batch_size, homework.learning_rate)
        row = {"epoch": float(number)}
        row |= self._scores(train, sets)
        row |= self._scores(test, {"test": torch.arange(len(test))})
        if not torch.tensor(list(row.values())).isfinite().all():
            raise InputError(
                f"The loss is not finite after epoch {number}: choose a smaller learning rate."
            )
        row["seconds"] = time.perf_counter() - start
        self.history.append(row)
        return row

    def _scores(self, split: Split, sets: dict[str, Tensor]) -> Row:
        """Mean loss and accuracy over each of the `sets` of images in `split`."""
        losses, right = evaluate(self.net, split)
        row = {}
        for name, images in sets.items():
            images = images.to(losses.device)
            row[f"{name}_loss"] = losses[images].mean().item()
            row[f"{name}_accuracy"] = right[images].double().mean().item()
        return row


def standardise(data: Cifar10, device: torch.device) -> tuple[Split, Split]:
    """Both splits as float32, by mean and standard deviation of the training pixels (@sec-data).

    Returns:
        The training set and the test set, with pixels of shape (N, 1024) without a unit.
    """
    counts = torch.bincount(data.train.pixels.flatten(), minlength=256).double()
    levels = torch.arange(256, dtype=torch.float64)
    mean = ((counts @ levels) / counts.sum()).item()
    deviation = ((counts @ (levels - mean).square()) / counts.sum()).sqrt().item()

    def scaled(split: Split) -> Split:
        values = split.pixels.to(device).float().sub_(mean).div_(deviation)
        return Split(values, split.labels.to(device))

    return scaled(data.train), scaled(data.test)


def hold_out(labels: Tensor, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Splits off a class-balanced validation set (@sec-early).

    Args:
        labels: (N,) class of every training image.
        count: number of images to hold out, the same number of each class.
        seed: seed of the choice.

    Returns:
        Indices of the images to train on and of the held-out ones, both in ascending order.
    """
    generator = torch.Generator().manual_seed(seed)
    classes = labels.unique().tolist()
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    for label in classes:
        images = (labels.cpu() == label).nonzero().flatten()
        shuffled = images[torch.randperm(len(images), generator=generator)]
        chosen[shuffled[: count // len(classes)]] = True
    return (~chosen).nonzero().flatten(), chosen.nonzero().flatten()


def save_checkpoint(path: Path, run: Run, identity: dict[str, Any]) -> None:
    """Writes weights, random state and history to one file, atomically.

    A run that is resumed from it must agree in the `identity`.

    Raises:
        InputError: the file can't be written.
    """
    tensors = {f"net.{name}": value.cpu() for name, value in run.net.state_dict().items()}
    tensors["generator"] = run.generator.get_state()
    state = json.dumps({"identity": identity, "history": run.history})
    with replacing(path) as temporary:
        temporary.write_bytes(save(tensors, {"state": state, "digest": _digest(tensors, state)}))


def restore_checkpoint(path: Path, run: Run, identity: dict[str, Any]) -> bool:
    """Brings `run` to where its checkpoint left off, and returns whether there was one.

    A checkpoint of another run (another config, seed or code, or other pixels) is passed over.

    Raises:
        InputError: the file is damaged.
    """
    if not path.exists():
        return False
    damaged = InputError(f"{path} is damaged: delete it, and this seed starts again from epoch 1.")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise damaged from error
    text = metadata.get("state", "")
    if metadata.get("digest") != _digest(tensors, text):
        raise damaged
    state = json.loads(text)
    if state["identity"] != json.loads(json.dumps(identity)):
        return False
    run.generator.set_state(tensors.pop("generator"))
    run.net.load_state_dict({name.removeprefix("net."): t for name, t in tensors.items()})
    run.history = state["history"]
    return True


def _digest(tensors: dict[str, Tensor], state: str) -> str:
    return hashlib.sha256(save(tensors) + state.encode()).hexdigest()
