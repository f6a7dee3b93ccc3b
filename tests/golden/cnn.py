"""Writes cnn.json: logits of timm's ResNets and EfficientNet-Lites with hashed weights, and the names that transformers and
EfficientNet-PyTorch (the package efficientnet-lite-pytorch) give their tensors.

Needs torch, timm, transformers and efficientnet_lite_pytorch. Usage: python tests/golden/cnn.py
"""
import json
import math
import pathlib

import timm
import torch
from efficientnet_lite_pytorch import EfficientNet
from transformers import ResNetConfig, ResNetForImageClassification

import hashed

CASES = [
    ("resnet18", 64, 64),
    ("resnet50", 64, 64),
    ("resnet50", 57, 83),
    ("resnet34d", 64, 64),
    ("resnet50d", 75, 64),
    ("efficientnet_lite0", 64, 64),
    ("efficientnet_lite2", 71, 66),
    ("tf_efficientnet_lite0", 64, 64),
    ("tf_efficientnet_lite2", 71, 66),
    ("tf_efficientnet_lite4", 65, 97),
]
LOGITS = 10


def tensor(name, shape, stream):
    """As tests/cnn/support.h: statistics and affine of norms away from 0 and 1, convolutions that keep the variance."""
    if name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
        return hashed.hashed(shape, stream, 1.0, 0.5)
    if name.endswith(("running_mean", "bias")):
        return hashed.hashed(shape, stream, 0.0, 0.5)
    return hashed.hashed(shape, stream, 0.0, math.sqrt(18.0 / (math.prod(shape) // shape[0])))


def fill(model):
    state = {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    with torch.no_grad():
        for i, name in enumerate(sorted(state)):
            state[name].copy_(tensor(name, tuple(state[name].shape), i))
    return model.eval()


def case(name, height, width):
    model = fill(timm.create_model(name))
    with torch.no_grad():
        logits = model(hashed.pictures(2, height, width))
    return dict(model=name, image=[height, width], logits=logits[:, :LOGITS].tolist())


def names(model):
    return sorted(name for name in model.state_dict() if not name.endswith("num_batches_tracked"))


def transformers_resnet(depths, **more):
    return ResNetForImageClassification(ResNetConfig(depths=depths, num_labels=1000, **more))


def layouts():
    basic = dict(hidden_sizes=[64, 128, 256, 512], layer_type="basic")
    yield dict(model="resnet18", origin="hf", names=names(transformers_resnet([2, 2, 2, 2], **basic)))
    yield dict(model="resnet50", origin="hf", names=names(transformers_resnet([3, 4, 6, 3])))
    for variant in (0, 1, 2, 3, 4):
        theirs = names(EfficientNet.from_name(f"efficientnet-lite{variant}"))
        yield dict(model=f"efficientnet_lite{variant}", origin="original", names=theirs)


def main():
    golden = dict(cases=[case(*each) for each in CASES], layouts=list(layouts()))
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")


main()
