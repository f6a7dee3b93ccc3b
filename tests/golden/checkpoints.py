"""Writes tests/golden/checkpoints/: small files made by the real libraries, read by tests/weights/golden_test.cpp.

    python tests/golden/checkpoints.py          (torch 2.11, numpy 2, safetensors 0.8)

Element i of a tensor of n elements is (7 i + n) mod 50, in whatever type, so the test knows every value.
"""

import argparse
import collections
import datetime
import enum
import pathlib

import numpy as np
import safetensors.torch
import torch

FOLDER = pathlib.Path(__file__).parent / "checkpoints"


class Mode(enum.Enum):
    FAST = 1


def values(*shape, dtype=torch.float32):
    count = int(np.prod(shape))
    return ((7 * torch.arange(count) + count) % 50).to(dtype).reshape(shape)


def state():
    """Views, shared storages, parameters and every type that old files know."""
    whole = values(3, 4)
    shared = values(6)
    dtypes = ["float64", "float16", "bfloat16", "int64", "int32", "uint8", "bool", "complex64"]
    tensors = collections.OrderedDict(
        whole=whole, transposed=whole.t(), column=whole[:, 1], step=whole[::2, 1::2], scalar=whole[2, 3],
        expanded=values(1, 3).expand(2, 3), empty=torch.zeros(0, 5),
        tied_a=shared, tied_b=shared, part=shared[2:5],
        parameter=torch.nn.Parameter(values(2, 2)))
    tensors.update({name: values(5, dtype=getattr(torch, name)) for name in dtypes})
    return tensors


def extras():
    """What training scripts put beside the weights."""
    return argparse.Namespace(lr=1e-4, output=pathlib.PurePosixPath("/tmp/x"), when=datetime.datetime(2020, 1, 2), mode=Mode.FAST,
                              device=torch.device("cpu"), dtype=torch.float16, best=np.float64(0.5), array=np.arange(3),
                              names={"a"}, size=torch.Size([1, 2]), raw=b"\x00\xff", big=1 << 70, nothing=None)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(3, 2)
        self.register_buffer("mean", values(3))
        self.register_buffer("scratch", values(3), persistent=False)
        with torch.no_grad():
            self.fc.weight.copy_(values(2, 3))
            self.fc.bias.copy_(values(2))


def main():
    FOLDER.mkdir(exist_ok=True)
    checkpoint = {"model": state(), "epoch": 3, "args": extras(),
                  "optimizer": {"state": {0: {"exp_avg": values(2)}}, "param_groups": [{"lr": 0.1, "params": [0]}]}}
    torch.save(checkpoint, FOLDER / "torch_zip.pth")
    torch.save(checkpoint, FOLDER / "torch_legacy.pth", _use_new_zipfile_serialization=False)
    torch.save({"module." + name: state()[name] for name in ("whole", "transposed", "float16")}, FOLDER / "torch_protocol4.pth", pickle_protocol=4)
    new = {name: values(4, dtype=getattr(torch, name))
           for name in ["float8_e4m3fn", "float8_e5m2", "uint16", "uint64"]}
    torch.save(new, FOLDER / "torch_new_types.pth")
    torch.save(Net(), FOLDER / "torch_module.pth")
    arrays = {"a/kernel": values(2, 3).numpy(), "fortran": np.asfortranarray(values(2, 3).numpy()),
              "half": values(4).numpy().astype("f2"), "scalar": np.int64(values(1).item())}
    np.savez(FOLDER / "numpy.npz", **arrays)
    np.savez_compressed(FOLDER / "numpy_deflated.npz", **arrays)
    safetensors.torch.save_file({"f32": values(2, 3), "bf16": values(4, dtype=torch.bfloat16), "i64": values(2, dtype=torch.int64),
                                 "flag": torch.tensor([True, False, True]), "scalar": torch.tensor(1.0), "f8": new["float8_e4m3fn"]},
                                FOLDER / "library.safetensors", metadata={"format": "pt"})
    print(sum(path.stat().st_size for path in FOLDER.iterdir()), "bytes")


if __name__ == "__main__":
    main()
