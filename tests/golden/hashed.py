"""Reproducible weights and pictures without a file: every number is a hash of its place, as in tests/support/hashed.h."""
import math

import numpy as np
import torch


def hashed(shape, stream, base=0.0, span=1.0):
    mask = np.uint64(0xFFFFFFFF)
    x = np.arange(math.prod(shape), dtype=np.uint64)
    x = (x * np.uint64(2654435761) + np.uint64(stream * 40503 + 12345)) & mask
    x ^= x >> np.uint64(16)
    x = (x * np.uint64(0x7FEB352D)) & mask
    x ^= x >> np.uint64(15)
    x = (x * np.uint64(0x846CA68B)) & mask
    x ^= x >> np.uint64(16)
    uniform = x.astype(np.float64) / 4294967296.0 - 0.5
    return torch.from_numpy((base + span * uniform).astype(np.float32)).reshape(shape)


def parameter(name, shape, stream):
    if "norm" in name and name.endswith("weight"):
        return hashed(shape, stream, 1.0, 0.4)
    if name.endswith("logit_scale"):
        return hashed(shape, stream, 2.0, 3.0)
    if name.endswith(("table", "pos", "token")):
        return hashed(shape, stream, 0.0, 3.0)
    if name.endswith("bias"):
        return hashed(shape, stream, 0.0, 0.8)
    return hashed(shape, stream, 0.0, math.sqrt(12.0 / (math.prod(shape) // shape[0])))


def parameters(shapes):
    """{name: shape} -> {name: tensor}"""
    return {name: parameter(name, tuple(shapes[name]), i) for i, name in enumerate(sorted(shapes))}


def pictures(count, height, width, channels=3):
    return hashed((count, channels, height, width), 1000, 0.0, 4.0)
