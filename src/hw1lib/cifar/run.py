"""Saves a training run at every epoch, so that it can be interrupted and resumed."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from hw1lib.cifar.fingerprint import bytes_digest, tensors_digest
from hw1lib.cifar.sgd import Run
from hw1lib.errors import InputError
from hw1lib.files import replacing


def save_checkpoint(path: Path, run: Run, identity: dict[str, object]) -> None:
    """Writes weights, random state and history to one file, atomically.

    Args:
        path: the checkpoint, replaced if it exists.
        run: the run between two epochs.
        identity: what a resumed run must agree in: config, seed, digests of pixels and code.
    """
    tensors = {f"net.{key}": value.cpu() for key, value in run.net.state_dict().items()}
    tensors["generator"] = run.generator.get_state()
    metadata = {"identity": _canonical(identity), "history": json.dumps(run.history)}
    metadata["digest"] = _digest(tensors, metadata)
    with replacing(path) as temporary:
        temporary.write_bytes(save(tensors, metadata))


def restore_checkpoint(path: Path, run: Run, identity: dict[str, object]) -> bool:
    """Brings `run` to where the checkpoint left off, and says whether there was one that fits.

    A checkpoint of another run (another config, seed, code or other pixels) is passed over.

    Raises:
        InputError: the file is damaged.
    """
    if not path.exists():
        return False
    damaged = InputError(f"{path} is damaged: delete it, and this seed's training starts anew.")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise damaged from error
    if metadata.pop("digest", None) != _digest(tensors, metadata):
        raise damaged
    if metadata["identity"] != _canonical(identity):
        return False
    run.net.load_state_dict(
        {key[4:]: value for key, value in tensors.items() if key.startswith("net.")}
    )
    run.generator.set_state(tensors["generator"])
    run.history = json.loads(metadata["history"])
    return True


def _digest(tensors: dict[str, Tensor], metadata: dict[str, str]) -> str:
    return bytes_digest((tensors_digest(tensors) + _canonical(metadata)).encode())


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)
