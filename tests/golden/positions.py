"""Writes positions.json: position tables resampled by timm, torchvision, transformers and SciPy (JAX ViT), and DETR's sinusoids.

Needs torch, timm, torchvision, transformers and scipy. Usage: python tests/golden/positions.py
"""
import json
import math
import pathlib

import numpy as np
import scipy.ndimage
import torch
from timm.layers import resample_abs_pos_embed
from torchvision.models.vision_transformer import interpolate_embeddings
from transformers import ViTConfig
from transformers.models.vit.modeling_vit import ViTEmbeddings


def table(tokens, dim):
    return torch.sin(torch.arange(tokens * dim, dtype=torch.float32) * 0.37).reshape(1, tokens, dim)


def transformers_rule(pos, old, new):
    config = ViTConfig(hidden_size=pos.shape[2], image_size=old * 4, patch_size=4)
    embeddings = ViTEmbeddings(config)
    embeddings.position_embeddings.data = pos
    return embeddings.interpolate_pos_encoding(torch.zeros(1, new * new + 1, pos.shape[2]), new * 4, new * 4)


def jax_rule(pos, old, new):
    grid = pos[0, 1:].numpy().reshape(old, old, -1)
    zoomed = scipy.ndimage.zoom(grid, (new / old, new / old, 1), order=1)
    return torch.cat([pos[:, :1], torch.from_numpy(zoomed.reshape(1, new * new, -1))], 1)


def torchvision_rule(pos, old, new):
    state = {"encoder.pos_embedding": pos}
    return interpolate_embeddings(image_size=new * 4, patch_size=4, model_state=state)["encoder.pos_embedding"]


def detr_sine(mask, features=4):
    """The published formula of DETR's sine embedding, evaluated step by step (normalised, temperature 10000)."""
    y = (~mask).cumsum(1, dtype=torch.float32)
    x = (~mask).cumsum(2, dtype=torch.float32)
    y = y / (y[:, -1:, :] + 1e-6) * 2 * math.pi
    x = x / (x[:, :, -1:] + 1e-6) * 2 * math.pi
    out = torch.zeros(mask.shape[0], 2 * features, *mask.shape[1:])
    for c in range(features):
        period = 10000 ** (2 * (c // 2) / features)
        wave = torch.sin if c % 2 == 0 else torch.cos
        out[:, c] = wave(y / period)
        out[:, features + c] = wave(x / period)
    return out


cases = []
for old, new in [(4, 6), (6, 4), (5, 7)]:
    pos = table(old * old + 1, 3)
    results = {
        "timm": resample_abs_pos_embed(pos, [new, new], [old, old], 1),
        "torchvision": torchvision_rule(pos.clone(), old, new),
        "transformers": transformers_rule(pos.clone(), old, new),
        "jax": jax_rule(pos, old, new),
    }
    for rule, value in results.items():
        cases.append({"rule": rule, "from": old, "to": new, "values": np.round(value.detach().flatten().double().numpy(), 7).tolist()})
mask = torch.zeros(1, 3, 4, dtype=torch.bool)
mask[0, 2:, :] = True
mask[0, :, 3:] = True
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps({"resample": cases, "sine": np.round(detr_sine(mask).flatten().double().numpy(), 7).tolist()}))
