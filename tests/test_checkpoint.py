from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hw1lib.checkpoint import restore_checkpoint, save_checkpoint
from hw1lib.cifar10 import Cifar10
from hw1lib.errors import InputError
from hw1lib.homework import Homework
from hw1lib.training import Run, standardise

CPU = torch.device("cpu")
OWN: dict[str, object] = {"seed": 0}


@pytest.fixture
def saved(tiny: Cifar10, tmp_path: Path) -> tuple[Path, Run]:
    run = Run(Homework(max_epochs=2), 0, CPU)
    list(run.epochs(*standardise(tiny, CPU)))
    save_checkpoint(tmp_path / "checkpoint", run, OWN)
    return tmp_path / "checkpoint", run


def test_restores_weights_random_state_and_history(saved: tuple[Path, Run]) -> None:
    path, run = saved
    fresh = Run(Homework(max_epochs=2), 0, CPU)
    assert restore_checkpoint(path, fresh, OWN)
    assert fresh.history == run.history
    assert torch.equal(fresh.generator.get_state(), run.generator.get_state())
    for ours, theirs in zip(fresh.net.parameters(), run.net.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_passes_over_a_checkpoint_of_another_run(saved: tuple[Path, Run]) -> None:
    fresh = Run(Homework(), 0, CPU)
    assert not restore_checkpoint(saved[0], fresh, {"seed": 1})
    assert not restore_checkpoint(saved[0].with_name("none"), fresh, OWN)
    assert fresh.history == []


@pytest.mark.parametrize("position", [0, 12, 500, 5000, -1])
def test_names_a_damaged_checkpoint(saved: tuple[Path, Run], position: int) -> None:
    path, _ = saved
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(InputError, match="checkpoint is damaged"):
        restore_checkpoint(path, Run(Homework(), 0, CPU), OWN)


def test_names_a_checkpoint_cut_short(saved: tuple[Path, Run]) -> None:
    path, _ = saved
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="checkpoint is damaged"):
        restore_checkpoint(path, Run(Homework(), 0, CPU), OWN)
