"""Writes deformable_gradient.json: the gradients of multi-scale deformable sampling by torch's grid_sample and autograd.

Everything is computed in double precision from numbers that fp32 holds exactly.
Made with torch 2.11.0: python tests/golden/deformable_gradient.py
"""

import json
import pathlib

import torch
from hashed import hashed
from torch.nn.functional import grid_sample

SIZES = [(4, 5), (3, 2), (1, 1)]
BATCH, QUERIES, HEADS, DIM, POINTS = 2, 3, 2, 3, 2


def sampled(value, locations, weights):
    """value [B, S, H, D], locations [B, Q, H, L, P, 2], weights [B, Q, H, L, P] -> [B, Q, H * D]"""
    total, begin = 0, 0
    for level, (high, wide) in enumerate(SIZES):
        tokens = value[:, begin : begin + high * wide]
        maps = tokens.permute(0, 2, 3, 1).reshape(BATCH * HEADS, DIM, high, wide)
        grid = 2 * locations[:, :, :, level].transpose(1, 2).flatten(0, 1) - 1  # [B * H, Q, P, 2]
        samples = grid_sample(maps, grid, "bilinear", "zeros", align_corners=False)  # [B * H, D, Q, P]
        shares = weights[:, :, :, level].transpose(1, 2).flatten(0, 1).unsqueeze(1)
        total = total + (samples * shares).sum(-1)
        begin += high * wide
    return total.view(BATCH, HEADS, DIM, QUERIES).permute(0, 3, 1, 2).flatten(2)


def main():
    tokens = sum(high * wide for high, wide in SIZES)
    samples = (BATCH, QUERIES, HEADS, len(SIZES), POINTS)
    given = {
        "value": hashed((BATCH, tokens, HEADS, DIM), 1, 0.0, 4.0),
        "locations": hashed((*samples, 2), 2, 0.5, 1.8),
        "weights": hashed(samples, 3, 0.0, 2.0),
    }
    leaves = {name: x.double().requires_grad_() for name, x in given.items()}
    grad_out = hashed((BATCH, QUERIES, HEADS * DIM), 4, 0.0, 3.0)
    sampled(**leaves).backward(grad_out.double())
    numbers = {**given, "grad_out": grad_out, **{f"grad_{name}": x.grad for name, x in leaves.items()}}
    listed = {name: [float(f"{number:.9g}") for number in x.flatten().tolist()] for name, x in numbers.items()}
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({"sizes": [side for size in SIZES for side in size], **listed}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
