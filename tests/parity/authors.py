"""Networks of authors whose code no package carries, built from a clone of their repository with random weights.

The environment variable VITRAL_AUTHORS names a folder with clones under their own names (`detr`, `RT-DETR`); cases against a clone
that is not there are skipped.
"""

import argparse
import contextlib
import importlib
import os
import sys
import types
from pathlib import Path

import torch

from program import Skipped


def clone(name) -> Path:
    folder = Path(os.environ.get("VITRAL_AUTHORS", "/nowhere")) / name
    if not folder.is_dir():
        raise Skipped(f"needs a clone of {name} in the folder that VITRAL_AUTHORS names")
    return folder


@contextlib.contextmanager
def importing(folder: Path, *packages: str):
    """Lets the modules of a clone be imported; afterwards its packages, whose names are anybody's, are forgotten."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] in packages]:
            del sys.modules[name]


def facebook_detr(depth: int, dilated: bool):
    """facebookresearch/detr's network with its own defaults for COCO."""
    options = argparse.Namespace(
        dataset_file="coco",
        device="cpu",
        lr_backbone=1e-5,
        masks=False,
        backbone=f"resnet{depth}",
        dilation=dilated,
        position_embedding="sine",
        hidden_dim=256,
        dropout=0.1,
        nheads=8,
        dim_feedforward=2048,
        enc_layers=6,
        dec_layers=6,
        pre_norm=False,
        num_queries=100,
        aux_loss=True,
        frozen_weights=None,
        set_cost_class=1,
        set_cost_bbox=5,
        set_cost_giou=2,
        bbox_loss_coef=5,
        giou_loss_coef=2,
        eos_coef=0.1,
    )
    with importing(clone("detr"), "models", "util"):
        from models import backbone, build_model

        backbone.is_main_process = lambda: False  # only the main process downloads weights of the ResNet
        return build_model(options)[0]


def facebook_batch(images, mask=None):
    """The network's input. It tells it from a tensor by asking for `decompose`, so its own type need not be here."""
    if mask is None:
        mask = torch.zeros(images.shape[0], *images.shape[2:], dtype=torch.bool)
    return argparse.Namespace(tensors=images, mask=mask, decompose=lambda: (images, mask))


def bare_package(name, folder):
    """A package whose modules can be imported, without what its own __init__ imports."""
    module = types.ModuleType(name)
    module.__path__ = [str(folder)]
    sys.modules[name] = module
    return module


def registering(*arguments):
    """Stands for the authors' `register`, with and without brackets: it changes nothing about a class."""
    return arguments[0] if arguments and isinstance(arguments[0], type) else lambda kind: kind


class Stacked(torch.nn.Module):
    def __init__(self, backbone, encoder, decoder):
        super().__init__()
        self.backbone, self.encoder, self.decoder = backbone, encoder, decoder

    def forward(self, images):
        return self.decoder(self.encoder(self.backbone(images)))


def lyuwenyu_rtdetr(version: int, depth: int, medium=False, discrete=False):
    """lyuwenyu/RT-DETR's network as its configurations for COCO put it together; `medium` is its r50vd_m."""
    folder = clone("RT-DETR") / ("rtdetr_pytorch" if version == 1 else "rtdetrv2_pytorch") / "src"
    small, large = depth < 50, depth > 50
    channels = [128, 256, 512] if small else [512, 1024, 2048]
    width = 384 if large else 256
    size = [640, 640]
    with importing(folder.parent, "src"):
        for name in ("", "nn", "nn/backbone", "zoo", "zoo/rtdetr"):
            bare_package(".".join(["src", *filter(None, name.split("/"))]), folder / name)
        bare_package("src.core", folder / "core").register = registering
        presnet = importlib.import_module("src.nn.backbone.presnet")
        neck = importlib.import_module("src.zoo.rtdetr.hybrid_encoder")
        head = importlib.import_module(f"src.zoo.rtdetr.rtdetr{'v2' if version == 2 else ''}_decoder")
        backbone = presnet.PResNet(depth, return_idx=[1, 2, 3], freeze_norm=not small, freeze_at=-1)
        encoder = neck.HybridEncoder(
            channels,
            hidden_dim=width,
            dim_feedforward=2048 if large else 1024,
            expansion=0.5 if small or medium else 1.0,
            eval_spatial_size=size,
        )
        layers = {18: 3, 34: 4}.get(depth, 6)
        shared = {
            "feat_channels": [width] * 3,
            "feat_strides": [8, 16, 32],
            "eval_spatial_size": size,
            "eval_idx": 2 if medium else -1,
        }
        if version == 1:
            decoder = head.RTDETRTransformer(num_decoder_layers=layers, **shared)
        else:
            method = "discrete" if discrete else "default"
            decoder = head.RTDETRTransformerv2(
                num_layers=layers, num_points=[4, 4, 4], cross_attn_method=method, **shared
            )
    return Stacked(backbone, encoder, decoder)
