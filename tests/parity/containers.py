"""Writes a state dict the ways that checkpoints are found in the wild. Every writer gives the path for `--weights`."""

import argparse
import json
import zipfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file


def _contiguous(state):
    return {name: value.contiguous() for name, value in state.items()}


def safetensors(state, folder: Path) -> Path:
    path = folder / "model.safetensors"
    save_file(_contiguous(state), path, metadata={"format": "pt"})
    return path


def sharded(state, folder: Path, shards=3) -> Path:
    """Several safetensors files and an index, as transformers' save_pretrained writes large models."""
    names = list(state)
    files = [f"model-{i + 1:05}-of-{shards:05}.safetensors" for i in range(shards)]
    weight_map = {}
    for i, file in enumerate(files):
        part = {name: state[name] for name in names[i::shards]}
        save_file(_contiguous(part), folder / file, metadata={"format": "pt"})
        weight_map |= {name: file for name in part}
    path = folder / "model.safetensors.index.json"
    size = sum(value.numel() * value.element_size() for value in state.values())
    path.write_text(json.dumps({"metadata": {"total_size": size}, "weight_map": weight_map}, indent=2))
    return path


def torch_zip(content, folder: Path, name="model.pth") -> Path:
    path = folder / name
    torch.save(content, path)
    return path


def torch_legacy(content, folder: Path) -> Path:
    """The format of torch before 1.6: five pickles and the raw storages."""
    path = folder / "legacy.pth"
    torch.save(content, path, _use_new_zipfile_serialization=False)
    return path


def npz(arrays, folder: Path, compressed=False) -> Path:
    path = folder / "model.npz"
    (np.savez_compressed if compressed else np.savez)(path, **arrays)
    return path


def npz_bfloat16(arrays, folder: Path) -> Path:
    """big_vision keeps bfloat16 as two raw bytes ("|V2"), which numpy writes for a void type."""
    path = folder / "bfloat16.npz"
    halves = {
        name: torch.from_numpy(value).bfloat16().view(torch.uint16).numpy().view("V2") for name, value in arrays.items()
    }
    np.savez(path, **halves)
    with zipfile.ZipFile(path) as archive:
        assert b"|V2" in archive.read(archive.namelist()[0])[:80]
    return path


def training_checkpoint(state):
    """What a training script leaves: the weights beside its arguments, an optimiser's state and counters."""
    some = next(iter(state.values()))
    return {
        "model": state,
        "optimizer": {
            "state": {0: {"step": 7, "exp_avg": torch.zeros_like(some)}},
            "param_groups": [{"lr": 1e-3, "params": [0]}],
        },
        "lr_scheduler": {"last_epoch": 299, "_last_lr": [1e-5]},
        "epoch": 299,
        "args": argparse.Namespace(
            lr=1e-3, model="a model", data_path=Path("somewhere"), resume=None, ratio=np.float64(0.5)
        ),
    }


def exponential_average(state):
    """timm's training script with an averaged copy: the average is what timm loads."""
    return {
        "epoch": 3,
        "arch": "a model",
        "state_dict": {name: torch.zeros_like(value) for name, value in state.items()},
        "state_dict_ema": state,
    }


def average_of_lyuwenyu(state):
    """RT-DETR's training keeps an averaged copy under names of its own, and its own scripts load that one."""
    zeros = {name: torch.zeros_like(value) for name, value in state.items()}
    return {"last_epoch": 71, "model": zeros, "ema": {"module": state, "updates": 12345}}


def deepened(state, shape_of=2):
    """Views into shared storage, transposed and offset: what slicing and tying leave behind."""
    result = {}
    for name, value in state.items():
        if value.dim() == shape_of:
            base = torch.empty(value.shape[1], value.shape[0] + 3, dtype=value.dtype)
            view = base.t()[3:]
            view.copy_(value)
            result[name] = view
        else:
            result[name] = value
    return result
