"""Writes cnn_detectors.json: what torchvision's Faster R-CNNs and Megvii's YOLOX (the package pixeltable-yolox) give with
hashed weights, and RoIAlign on small maps.

Needs torch, torchvision and yolox. Usage: python tests/golden/cnn_detectors.py
"""

import json
import math
import pathlib
from functools import partial

import torch
from torchvision.models import resnet50
from torchvision.models.detection import FasterRCNN, fasterrcnn_resnet50_fpn_v2
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import FrozenBatchNorm2d, roi_align
from yolox.config import YoloxConfig
from yolox.utils import postprocess

import hashed


def tensor(name, shape, stream):
    """As tests/cnn/support.h: statistics and affine of norms away from 0 and 1, convolutions that keep the variance."""
    if name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
        return hashed.hashed(shape, stream, 1.0, 0.5)
    if name.endswith(("running_mean", "bias")):
        return hashed.hashed(shape, stream, 0.0, 0.5)
    return hashed.hashed(shape, stream, 0.0, damping(name) * math.sqrt(18.0 / (math.prod(shape) // shape[0])))


def damping(name):
    """Predictions stay in a range where boxes overlap by degrees and scores differ."""
    factors = {"reg_pred": 0.03, "bbox_pred": 0.01, "cls_pred": 0.1, "obj_pred": 0.1, "cls_logits": 0.1, "cls_score": 0.04}
    return next((factor for part, factor in factors.items() if part in name), 1.0)


def fill(model):
    state = {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    with torch.no_grad():
        for i, name in enumerate(sorted(state)):
            state[name].copy_(tensor(name, tuple(state[name].shape), i))
    return model.eval()


def rounded(values, digits=7):
    """Numbers with as many digits as fp32 has: the file stays readable."""
    return [float(f"{value:.{digits + 1}g}") for value in values.flatten().tolist()]


def found(detections):
    return [dict(boxes=rounded(boxes), scores=rounded(scores), labels=labels.tolist()) for boxes, scores, labels in detections]


def megvii(pictures):
    return found((each[:, :4], each[:, 4] * each[:, 5], each[:, 6].long()) for each in pictures)


def yolox_case(name, height, width):
    model = fill(YoloxConfig.get_named_config(name).get_model())
    with torch.no_grad():
        decoded = model(hashed.pictures(2, height, width) * 60)
        final = postprocess(decoded.clone(), 80, 0.01, 0.65)
        strict = postprocess(decoded.clone(), 80, 0.1, 0.05)
    anchors = list(range(0, decoded.shape[1], 7))
    return dict(
        model=name,
        image=[height, width],
        anchors=anchors,
        decoded=rounded(decoded[:, anchors, :12]),
        sum=float(decoded.double().sum()),
        found=megvii(final),
        strict=megvii(strict),
    )


def first_version():
    body = resnet50(weights=None, norm_layer=partial(FrozenBatchNorm2d, eps=0.0))
    return FasterRCNN(_resnet_fpn_extractor(body, 5), num_classes=91)


FASTER = {
    "fasterrcnn_resnet50_fpn": first_version,
    "fasterrcnn_resnet50_fpn_v2": lambda: fasterrcnn_resnet50_fpn_v2(weights=None, weights_backbone=None),
}


def faster_case(name, height, width, contents):
    model = fill(FASTER[name]())
    images = hashed.pictures(len(contents), height, width)
    for image, (rows, columns) in zip(images, contents):
        image[:, rows:] = 0
        image[:, :, columns:] = 0
    with torch.no_grad():
        maps = model.backbone(images)
        proposals, _ = model.rpn(ImageList(images, contents), maps)
        results, _ = model.roi_heads(maps, proposals, contents)
    return dict(
        model=name,
        image=[height, width],
        contents=contents,
        proposals=[dict(count=len(each), first=rounded(each[:5]), sum=float(each.double().sum())) for each in proposals],
        found=found((each["boxes"], each["scores"], each["labels"]) for each in results),
    )


OBJECTS = [
    dict(boxes=[[10.0, 12.0, 60.5, 49.0], [30.0, 20.0, 44.0, 63.0], [8.0, 8.0, 28.0, 26.0], [11.0, 9.0, 29.0, 28.0]], labels=[3, 17, 3, 5]),
    dict(boxes=[[0.0, 0.0, 62.0, 60.0], [33.0, 31.0, 35.0, 33.5]], labels=[1, 40]),
    dict(boxes=[], labels=[]),
]


def gradient(losses, parameter):
    return float(torch.autograd.grad(sum(losses), parameter)[0].double().abs().sum())


def yolox_losses(name):
    model = fill(YoloxConfig.get_named_config(name).get_model())
    model.head.training = model.head.use_l1 = True  # of the head alone: norms keep their statistics
    for layer in model.head.reg_preds:  # boxes of several cells, so that objects take several anchors
        layer.bias.data[2:] += 1.0
    labels = torch.zeros(3, 4, 5)
    for picture, objects in zip(labels, OBJECTS):
        for row, (left, top, right, bottom), label in zip(picture, objects["boxes"], objects["labels"]):
            row[:] = torch.tensor([label, (left + right) / 2, (top + bottom) / 2, right - left, bottom - top])
    maps = model.backbone(hashed.pictures(3, 64, 64) * 60)
    _, *losses, per_object = model.head(maps, labels, None)
    names = ("iou_loss", "conf_loss", "cls_loss", "l1_loss")
    return dict(
        model=name,
        losses={name: float(loss) for name, loss in zip(names, losses)},
        positives=round(float(per_object) * 6),
        gradient=gradient(losses, model.head.stems[0].conv.weight),
    )


def faster_losses():
    model = first_version()
    fill(model).train()
    for part in (model.rpn, model.roi_heads):  # larger than any picture has: nothing is left to chance
        part.fg_bg_sampler.batch_size_per_image = 10**7
    model.rpn._pre_nms_top_n["training"] = model.rpn._post_nms_top_n["training"] = 1000
    images, sizes = hashed.pictures(3, 64, 64), [(64, 64)] * 3
    targets = [
        dict(boxes=torch.tensor(each["boxes"]).view(-1, 4), labels=torch.tensor(each["labels"]).long()) for each in OBJECTS
    ]
    maps = model.backbone(images)
    proposals, rpn = model.rpn(ImageList(images, sizes), maps, targets)
    _, roi = model.roi_heads(maps, proposals, sizes, targets)
    losses = rpn | roi
    return dict(
        losses={name: float(loss) for name, loss in losses.items()},
        gradient=gradient(losses.values(), model.backbone.fpn.layer_blocks[0][0].weight),
    )


def roi_case(size, bins, sampling, aligned, scale):
    maps = hashed.hashed((2, 5, *size), 1, 0.0, 2.0)
    place = hashed.hashed((12, 4), 2, 0.4, 1.4) * torch.tensor([size[1], size[0]] * 2) / scale
    corner, side = place[:, :2], place[:, 2:].abs() * 0.7
    rois = torch.cat([torch.arange(12).remainder(2)[:, None].float(), corner, corner + side], 1)
    rois[10, 1:] = torch.tensor([3.0, 3.0, 3.0, 3.0])  # no extent
    rois[11, 1:] = torch.tensor([-1e4, -1e4, -9e3, -9e3])  # nowhere near
    pooled = roi_align(maps, rois, bins, scale, sampling, aligned)
    return dict(
        size=size, bins=bins, sampling=sampling, aligned=aligned, scale=scale, rois=rois.flatten().tolist(), pooled=rounded(pooled)
    )


def main():
    golden = dict(
        yolox=[yolox_case("yolox_nano", 96, 64), yolox_case("yolox_tiny", 64, 64), yolox_case("yolox_m", 32, 64)],
        faster_rcnn=[
            faster_case("fasterrcnn_resnet50_fpn", 128, 160, [(128, 160), (100, 131)]),
            faster_case("fasterrcnn_resnet50_fpn", 64, 32, [(40, 21), (33, 32)]),
            faster_case("fasterrcnn_resnet50_fpn_v2", 128, 160, [(117, 160), (128, 90)]),
        ],
        objects=OBJECTS,
        yolox_losses=[yolox_losses("yolox_nano"), yolox_losses("yolox_tiny")],
        faster_rcnn_losses=faster_losses(),
        roi_align=[
            roi_case((9, 13), (3, 2), 2, False, 0.25),
            roi_case((9, 13), (7, 7), -1, True, 0.5),
            roi_case((16, 6), (2, 4), 0, False, 1.0),
            roi_case((5, 5), (4, 4), 3, True, 0.125),
        ],
    )
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")


main()
