"""State dicts in the layouts of files whose authors' code can't be installed, made from those of the libraries.

Each function turns a library's state dict into what a published file of that origin holds; selfcheck.py proves the
ones that a library can read back.
"""

import re

import numpy as np
import torch


def torchvision_as_published(state):
    """The files of torchvision's ViT are older than its MLPBlock and call the two layers by other names."""
    return {
        name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): value
        for name, value in state.items()
    }


def faster_rcnn_as_published(state):
    """The published file of the first Faster R-CNN was written before torchvision's layers became lists."""
    older = {}
    for name, value in state.items():
        name = re.sub(r"(fpn\.(?:inner|layer)_blocks\.\d)\.0\.", r"\1.", name)
        older[name.replace("rpn.head.conv.0.0.", "rpn.head.conv.")] = value
    return older


def deit3_original(state):
    """The DeiT-III repository keeps layer scales as parameters of the block."""
    return {
        name.replace("ls1.gamma", "gamma_1").replace("ls2.gamma", "gamma_2"): value for name, value in state.items()
    }


def linear_patches(state):
    """timm's first files: the patch embedding as a linear layer over flattened patches."""
    return {name: value.flatten(1) if name == "patch_embed.proj.weight" else value for name, value in state.items()}


def with_pre_logits(state):
    """timm's first in21k files carry a representation layer, which timm drops when it loads them."""
    width = state["norm.weight"].shape[0]
    generator = torch.Generator().manual_seed(5)
    extra = {
        "pre_logits.fc.weight": torch.randn(width, width, generator=generator),
        "pre_logits.fc.bias": torch.randn(width, generator=generator),
    }
    return {**state, **extra}


def without_counters(state):
    """Files from before num_batches_tracked."""
    return {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}


def prefixed(prefix):
    return lambda state: {prefix + name: value for name, value in state.items()}


def same(state):
    return dict(state)


# Huawei's names of TNT from timm's, the specific ones first.
_HUAWEI = (
    ("norm1_proj", "proj_norm1"),
    ("norm2_proj", "proj_norm2"),
    ("norm_mlp_in", "inner_norm2"),
    ("norm_in", "inner_norm1"),
    ("attn_in", "inner_attn"),
    ("mlp_in", "inner_mlp"),
    ("norm_mlp", "outer_norm2"),
    ("norm_out", "outer_norm1"),
    ("attn_out", "outer_attn"),
    (".mlp.", ".outer_mlp."),
    ("patch_pos", "outer_pos"),
    ("pixel_pos", "inner_pos"),
    ("pixel_embed", "patch_embed"),
)


def huawei(state, outer_tokens=True):
    """TNT as in huawei-noah/Efficient-AI-Backbones; `outer_tokens` are zeros that nothing reads."""
    result = {}
    for name, value in state.items():
        for timms, huaweis in _HUAWEI:
            name = name.replace(timms, huaweis)
        if name == "inner_pos" and value.dim() == 4:  # [1, C, 4, 4] to [1, 16, C]
            value = value.flatten(2).transpose(1, 2).contiguous()
        result[name] = value
    if outer_tokens:
        _, tokens, width = state["patch_pos"].shape
        result["outer_tokens"] = torch.zeros(1, tokens - 1, width)
    return result


def microsoft(state, module):
    """Swin as in microsoft/Swin-Transformer: merging ends a stage, a plain head, buffers of indices and masks."""
    result = {}
    for name, value in state.items():
        if ".downsample." in name:
            stage = int(name.split(".")[1])
            name = name.replace(f"layers.{stage}.", f"layers.{stage - 1}.", 1)
        result[name.replace("head.fc.", "head.")] = value
    for name, buffer in module.named_buffers():
        if name.rsplit(".")[-1] in ("relative_position_index", "relative_coords_table", "attn_mask"):
            result[name] = buffer
    return result


def google(state, heads, prefix="", big_vision=False, stacked=False, pre_logits=False):
    """The arrays of a Google .npz from timm's names: the inverse of timm's own loader.

    `big_vision` counts sub-layers by kind, the older repository counts them through; `stacked` keeps all blocks in one
    array with a leading axis.
    """
    arrays = {name: value.numpy() for name, value in state.items()}
    result = {
        "embedding/kernel": arrays["patch_embed.proj.weight"].transpose(2, 3, 1, 0),
        "embedding/bias": arrays["patch_embed.proj.bias"],
        "cls": arrays["cls_token"],
        "pos_embedding" if big_vision else "Transformer/posembed_input/pos_embedding": arrays["pos_embed"],
        "Transformer/encoder_norm/scale": arrays["norm.weight"],
        "Transformer/encoder_norm/bias": arrays["norm.bias"],
        "head/kernel": arrays["head.weight"].T,
        "head/bias": arrays["head.bias"],
    }
    if pre_logits:
        width = arrays["norm.weight"].shape[0]
        result["pre_logits/kernel"] = np.ones((width, width), np.float32)
        result["pre_logits/bias"] = np.ones(width, np.float32)
    depth = 1 + max(int(name.split(".")[1]) for name in arrays if name.startswith("blocks."))
    blocks = [_google_block(arrays, f"blocks.{i}.", heads, big_vision) for i in range(depth)]
    if stacked:
        result |= {
            f"Transformer/encoderblock/{name}": np.stack([block[name] for block in blocks]) for name in blocks[0]
        }
    else:
        for i, block in enumerate(blocks):
            result |= {f"Transformer/encoderblock_{i}/{name}": value for name, value in block.items()}
    return {prefix + name: np.ascontiguousarray(value) for name, value in result.items()}


def _google_block(arrays, ours, heads, big_vision):
    attention, norm, mlp = (
        ("MultiHeadDotProductAttention_0", "LayerNorm_1", "MlpBlock_0")
        if big_vision
        else ("MultiHeadDotProductAttention_1", "LayerNorm_2", "MlpBlock_3")
    )
    width = arrays[ours + "norm1.weight"].shape[0]
    per_head = (heads, width // heads)
    block = {
        "LayerNorm_0/scale": arrays[ours + "norm1.weight"],
        "LayerNorm_0/bias": arrays[ours + "norm1.bias"],
        f"{norm}/scale": arrays[ours + "norm2.weight"],
        f"{norm}/bias": arrays[ours + "norm2.bias"],
        f"{attention}/out/kernel": arrays[ours + "attn.proj.weight"].T.reshape(*per_head, width),
        f"{attention}/out/bias": arrays[ours + "attn.proj.bias"],
    }
    weights = np.split(arrays[ours + "attn.qkv.weight"], 3)
    biases = np.split(arrays[ours + "attn.qkv.bias"], 3)
    for part, weight, bias in zip(("query", "key", "value"), weights, biases):
        block[f"{attention}/{part}/kernel"] = weight.T.reshape(width, *per_head)
        block[f"{attention}/{part}/bias"] = bias.reshape(per_head)
    for i in range(2):
        block[f"{mlp}/Dense_{i}/kernel"] = arrays[f"{ours}mlp.fc{i + 1}.weight"].T
        block[f"{mlp}/Dense_{i}/bias"] = arrays[f"{ours}mlp.fc{i + 1}.bias"]
    return block
