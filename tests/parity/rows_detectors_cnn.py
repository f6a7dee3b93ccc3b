"""Faster R-CNN and YOLOX: full-size networks on small pictures."""

from cases import Tier
from detectors import SetRow
from references import Spec

FAST, DEFAULT, FULL = Tier.FAST, Tier.DEFAULT, Tier.FULL


def _yolox(name, tier, variants="pth-model", size=320):
    return SetRow(name, Spec("megvii", name, size=size), "original", tuple(variants.split()), tier)


def _faster(name, theirs, origin, tier, variants):
    return SetRow(name, Spec("torchvision", theirs, size=320), origin, tuple(variants.split()), tier)


_FIRST, _SECOND = "fasterrcnn_resnet50_fpn", "fasterrcnn_resnet50_fpn_v2"

YOLOX = [
    _yolox("yolox_nano", FAST, "pth-model legacy-model safetensors"),
    _yolox("yolox_tiny", FAST),
    _yolox("yolox_s", DEFAULT),
    _yolox("yolox_m", DEFAULT),
    _yolox("yolox_l", FULL),
    _yolox("yolox_x", FULL),
]

FASTER_RCNN = [
    _faster(_FIRST, _FIRST, "torchvision", FAST, "pth pth-older-names legacy"),
    _faster(_FIRST, f"{_FIRST}/trained", "torchvision-batchnorm", DEFAULT, "pth"),
    _faster(_SECOND, _SECOND, "torchvision", DEFAULT, "pth safetensors"),
]
