from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.run import restore_checkpoint, save_checkpoint
from hw1lib.cifar.sgd import Run, standardise
from hw1lib.errors import InputError
from hw1lib.homework import Homework

CPU = torch.device("cpu")
IDENTITY: dict[str, object] = {"seed": 0, "config": {"learning_rate": 0.01}}
SMALL = Homework(hidden_sizes=(4,))


@pytest.fixture
def run(tiny: Cifar10) -> Run:
    """A run of a small net, after two epochs."""
    made = Run(SMALL, 0, CPU)
    for _ in range(2):
        made.next_epoch(*standardise(tiny, CPU))
    return made


def test_a_restored_run_goes_on_bit_by_bit(run: Run, tiny: Cifar10, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "run.safetensors", run, IDENTITY)
    restored = Run(SMALL, 5, CPU)
    assert restore_checkpoint(tmp_path / "run.safetensors", restored, IDENTITY)
    assert restored.history == run.history
    for each in (run, restored):
        each.next_epoch(*standardise(tiny, CPU))
    assert restored.history[-1] | {"seconds": 0} == run.history[-1] | {"seconds": 0}
    for ours, wanted in zip(restored.net.parameters(), run.net.parameters(), strict=True):
        assert torch.equal(ours, wanted)


def test_without_a_checkpoint_of_this_run_nothing_is_restored(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    fresh = Run(SMALL, 5, CPU)
    assert not restore_checkpoint(path, fresh, IDENTITY)
    save_checkpoint(path, run, IDENTITY)
    assert not restore_checkpoint(path, fresh, {**IDENTITY, "seed": 1})
    assert fresh.history == []


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_checkpoint_is_named_and_never_used(
    run: Run, tmp_path: Path, data: st.DataObject
) -> None:
    """Cut anywhere, or with one bit flipped anywhere."""
    path = tmp_path / "run.safetensors"
    if not path.exists():
        save_checkpoint(path, run, IDENTITY)
        path.rename(tmp_path / "whole")
    whole = bytearray((tmp_path / "whole").read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        damaged = bytes(whole[:place])
    else:
        whole[place] ^= 1 << data.draw(st.integers(0, 7))
        damaged = bytes(whole)
    path.write_bytes(damaged)
    fresh = Run(SMALL, 5, CPU)
    start = {name: value.clone() for name, value in fresh.net.state_dict().items()}
    with pytest.raises(InputError, match=r"run\.safetensors is damaged: delete it"):
        restore_checkpoint(path, fresh, IDENTITY)
    assert fresh.history == []
    assert all(torch.equal(start[name], value) for name, value in fresh.net.state_dict().items())
