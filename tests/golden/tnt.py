"""Writes tnt.json: logits of small TNT networks by timm and by the authors' code, and the authors' names.

Needs torch, timm and a checkout of github.com/huawei-noah/Efficient-AI-Backbones.
Usage: python tests/golden/tnt.py PATH_OF_EFFICIENT_AI_BACKBONES
"""
import json
import pathlib
import sys
import types

import timm.layers
import torch
from timm.models.tnt import TNT, checkpoint_filter_fn

import hashed

SIZES = dict(depth=2, num_classes=5)


def timm_model(legacy, image):
    return TNT(img_size=image, embed_dim=48, inner_dim=12, num_heads_inner=2, num_heads_outer=3, legacy=legacy, **SIZES)


def authors_model(path, image):
    # Their file imports what timm has moved since; none of it touches the network.
    for name in ("helpers", "layers", "resnet", "registry"):
        module = types.ModuleType(f"timm.models.{name}")
        module.__getattr__ = lambda attribute: getattr(timm.layers, attribute, lambda f=None, *a, **k: f)
        sys.modules[module.__name__] = module
    sys.path.insert(0, path + "/tnt_pytorch")
    from tnt import TNT as Authors

    return Authors(img_size=image, outer_dim=48, inner_dim=12, outer_num_heads=3, inner_num_heads=2, **SIZES)


def filled(model):
    state = hashed.parameters({name: p.shape for name, p in model.named_parameters()})
    model.load_state_dict(state)
    return model.eval()


def authors_logits(path, image, pictures):
    """-> logits of the authors' network with the weights of timm's, and the names and shapes of their parameters."""
    model, ours = authors_model(path, image), filled(timm_model(False, image))
    theirs = model.state_dict()
    # timm's filter knows its names for theirs: number the parameters and see where the numbers go.
    positions = ("outer_pos", "inner_pos")
    numbered = {name: torch.tensor([i]) for i, name in enumerate(theirs) if name not in positions}
    numbered["outer_pos"] = model.outer_pos
    with torch.no_grad():
        for timms, number in checkpoint_filter_fn(numbered, ours).items():
            if timms != "patch_pos":
                model.get_parameter(list(theirs)[number.item()]).copy_(ours.get_parameter(timms))
        model.outer_pos.copy_(ours.patch_pos)
        model.inner_pos.copy_(ours.pixel_pos.flatten(2).transpose(1, 2))
        return model.eval()(pictures), {name: list(tensor.shape) for name, tensor in theirs.items()}


def main():
    cases = []
    for legacy in (False, True):
        for image in ((64, 64), (48, 80)):
            with torch.no_grad():
                logits = filled(timm_model(legacy, image))(hashed.pictures(2, *image))
            cases.append(dict(legacy=legacy, image=image, logits=logits.tolist()))
    logits, names = authors_logits(sys.argv[1], 64, hashed.pictures(2, 64, 64))
    golden = dict(cases=cases, authors=dict(logits=logits.tolist(), tensors=names))
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")


main()
