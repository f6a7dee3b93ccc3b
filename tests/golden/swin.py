"""Writes swin.json: logits of small Swin networks, resampled bias tables and names of parameters, by the libraries
whose files vitral reads.

Needs torch, timm, torchvision, transformers and a checkout of github.com/microsoft/Swin-Transformer.
Usage: python tests/golden/swin.py PATH_OF_SWIN_TRANSFORMER
"""
import json
import pathlib
import re
import sys
import tempfile

import timm.models.swin_transformer as timm1
import timm.models.swin_transformer_v2 as timm2
import torch
import torchvision.models.swin_transformer as vision
from safetensors.torch import load_file
from timm.layers.pos_embed_rel import resize_rel_pos_bias_table
from transformers import SwinConfig, SwinForImageClassification, Swinv2Config, Swinv2ForImageClassification

import hashed

SIZES = dict(depths=(2, 2, 2, 2), num_heads=(1, 2, 2, 4))
CLASSES = 5
BUFFERS = ("relative_position_index", "relative_coords_table", "attn_mask")


def timm_model(v2, image, window, pretrained):
    kind = timm2.SwinTransformerV2 if v2 else timm1.SwinTransformer
    more = dict(pretrained_window_sizes=pretrained) if v2 else {}
    return kind(img_size=image, embed_dim=8, window_size=window, num_classes=CLASSES, strict_img_size=False, **SIZES, **more)


def torchvision_model(v2, image, window, pretrained):
    more = dict(block=vision.SwinTransformerBlockV2, downsample_layer=vision.PatchMergingV2) if v2 else {}
    return vision.SwinTransformer([4, 4], 8, [2] * 4, [1, 2, 2, 4], [window, window], num_classes=CLASSES, **more)


def transformers_model(v2, image, window, pretrained):
    config, kind = (Swinv2Config, Swinv2ForImageClassification) if v2 else (SwinConfig, SwinForImageClassification)
    more = dict(pretrained_window_sizes=pretrained) if v2 else {}
    return kind(config(image_size=image[0], embed_dim=8, window_size=window, num_labels=CLASSES, **SIZES, **more))


def original_model(v2, image, window, pretrained):
    from models.swin_transformer import SwinTransformer
    from models.swin_transformer_v2 import SwinTransformerV2

    kind = SwinTransformerV2 if v2 else SwinTransformer
    more = dict(pretrained_window_sizes=pretrained) if v2 else {}
    return kind(img_size=image[0], embed_dim=8, window_size=window, num_classes=CLASSES, **SIZES, **more)


LIBRARIES = {
    "timm": timm_model,
    "torchvision": torchvision_model,
    "hf": transformers_model,
    "original": original_model,
}


def timms_name(origin, name):
    """-> timm's name and which of q, k, v the tensor is (None: all)."""
    part = None
    if origin == "torchvision":
        name = name.replace("features.0.0", "patch_embed.proj").replace("features.0.2", "patch_embed.norm")
        name = re.sub(r"^features\.(\d+)\.(\d+)\.", lambda m: f"layers.{int(m[1]) // 2}.blocks.{m[2]}.", name)
        name = re.sub(r"^features\.(\d+)\.", lambda m: f"layers.{int(m[1]) // 2}.downsample.", name)
        name = name.replace(".mlp.0.", ".mlp.fc1.").replace(".mlp.3.", ".mlp.fc2.")
    if origin == "hf":
        name = re.sub(r"^swin(v2)?\.", "", name)
        if found := re.search(r"attention\.(self\.)?(query|key|value|q_proj|k_proj|v_proj)\.", name):
            part = "qkv".index(found[2][0])
            name = name.replace(found[0], "attn.qkv.")
        for old, new in (
            ("embeddings.patch_embeddings.projection", "patch_embed.proj"),
            ("embeddings.norm", "patch_embed.norm"),
            ("encoder.", ""),
            ("layernorm_before", "norm1"),
            ("layernorm_after", "norm2"),
            ("attention.relative_position_bias.relative", "attn.relative"),
            ("attention.o_proj", "attn.proj"),
            ("attention.self.continuous_position_bias_mlp", "attn.cpb_mlp"),
            ("attention.self.", "attn."),
            ("attention.output.dense", "attn.proj"),
            ("intermediate.dense", "mlp.fc1"),
            ("output.dense", "mlp.fc2"),
            ("classifier", "head"),
        ):
            name = name.replace(old, new)
        name = re.sub(r"^layernorm", "norm", name)
    if origin in ("hf", "original"):
        name = re.sub(r"^layers\.(\d+)\.downsample", lambda m: f"layers.{int(m[1]) + 1}.downsample", name)
    if origin != "timm":
        name = re.sub(r"^head\.", "head.fc.", name)
    return name, part


def fill(model, origin, ours):
    """Copies the hashed parameters, by timm's names, into a model of another library."""
    left = set(ours)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            name, part = timms_name(origin, name)
            left.discard(name)
            block = name.rsplit("attn.", 1)[0]
            if name.endswith("attn.qkv.bias") and name not in ours:  # v2 keeps the biases of q and v only
                q, v = ours[block + "attn.q_bias"], ours[block + "attn.v_bias"]
                left -= {block + "attn.q_bias", block + "attn.v_bias"}
                whole = torch.cat([q, torch.full_like(q, 7.0), v])  # 7: torchvision stores a third that it ignores
            else:
                whole = ours[name]
            parameter.copy_(whole if part is None else whole.chunk(3)[part])
    assert not left, left
    return model.eval()


def case(origin, v2, built, window, image, pretrained=(0, 0, 0, 0)):
    reference = timm_model(v2, built if origin == "timm" else (256, 256), window, pretrained)
    model = LIBRARIES[origin](v2, built, window, pretrained)
    theirs = {timms_name(origin, name)[0]: p.shape for name, p in model.named_parameters()}
    shapes = {name: theirs[name] if "table" in name else p.shape for name, p in reference.named_parameters()}
    fill(model, origin, hashed.parameters(shapes))
    with torch.no_grad():
        logits = model(hashed.pictures(2, *image))
    return dict(
        origin=origin, v2=v2, built=built, window=window, pretrained=pretrained, image=image,
        logits=getattr(logits, "logits", logits).tolist(),
    )  # fmt: skip


def cases():
    square, odd = (64, 64), (72, 56)
    for v2 in (False, True):
        yield case("timm", v2, square, 4, square)
        yield case("timm", v2, odd, 4, odd)
        yield case("timm", v2, square, 4, (44, 100))
        yield case("torchvision", v2, square, 4, square)
        yield case("torchvision", v2, square, 4, (70, 57))
        yield case("hf", v2, (128, 128), 4, (128, 128))
        yield case("hf", v2, (128, 128), 4, (130, 150))
        yield case("original", v2, square, 4, square)
    yield case("hf", True, square, 4, (61, 90))
    for origin in ("timm", "hf", "original"):
        yield case(origin, True, square, 4, square, pretrained=(3, 3, 3, 2))


def microsofts_rule(table, old, new):
    grid = table.permute(1, 0).view(1, table.shape[1], 2 * old - 1, 2 * old - 1)
    resized = torch.nn.functional.interpolate(grid, size=(2 * new - 1, 2 * new - 1), mode="bicubic")
    return resized.view(table.shape[1], -1).permute(1, 0)


def tables():
    for old, new in ((4, 7), (7, 4), (7, 12), (3, 3)):
        table = hashed.hashed(((2 * old - 1) ** 2, 2), 5, 0.0, 3.0)
        shape = ((2 * new - 1) ** 2, 2)
        yield dict(
            rule="geometric", old=[old, old], new=[new, new], values=resize_rel_pos_bias_table(table, (new, new), shape).tolist()
        )
        yield dict(rule="bicubic", old=[old, old], new=[new, new], values=microsofts_rule(table, old, new).tolist())
    table = hashed.hashed((49, 2), 5, 0.0, 3.0)
    yield dict(rule="geometric", old=[4, 4], new=[4, 6], values=resize_rel_pos_bias_table(table, (4, 6), (77, 2)).tolist())


def saved_names(origin, v2):
    model = LIBRARIES[origin](v2, (128, 128), 4, (0, 0, 0, 0))
    if origin != "hf":
        return {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    with tempfile.TemporaryDirectory() as folder:  # the files keep names that the classes no longer have
        model.save_pretrained(folder)
        return {name: list(t.shape) for name, t in load_file(folder + "/model.safetensors").items()}


def main():
    sys.path.insert(0, sys.argv[1])
    names = [
        dict(origin=origin, v2=v2, tensors=saved_names(origin, v2)) for origin in LIBRARIES for v2 in (False, True)
    ]
    golden = dict(cases=list(cases()), tables=list(tables()), names=names)
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")


main()
