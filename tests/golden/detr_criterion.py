"""Matches and losses of DETR's and RT-DETR's own code.

    VITRAL_AUTHORS=FOLDER detr_criterion.py

FOLDER holds clones of github.com/facebookresearch/detr and lyuwenyu/RT-DETR (tests/parity/authors.py). Needs scipy.
"""

import importlib
import json
import pathlib
import sys
import types

import hashed
import torch
import torchvision

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "parity"))
from authors import bare_package, clone, importing, registering  # noqa: E402

QUERIES, CLASSES, OBJECTS = 20, 6, (3, 0, 7)


def prediction(stream, classes):
    logits = hashed.hashed((len(OBJECTS), QUERIES, classes), stream, 0, 6)
    boxes = torch.sigmoid(hashed.hashed((len(OBJECTS), QUERIES, 4), stream + 1, 0, 4))
    return {"pred_logits": logits.requires_grad_(), "pred_boxes": boxes.requires_grad_()}


def targets():
    result = []
    for picture, count in enumerate(OBJECTS):
        boxes = torch.sigmoid(hashed.hashed((count, 4), 50 + picture, 0, 4))
        labels = ((hashed.hashed((count,), 60 + picture) + 0.5) * CLASSES).long()
        result.append({"labels": labels, "boxes": boxes})
    return result


def described(outputs, losses, weights, indices):
    total = sum(losses[name] * weight for name, weight in weights.items())
    total.backward()
    return {
        "losses": {name: losses[name].item() for name in weights},
        "total": total.item(),
        "matches": [[queries.tolist(), objects.tolist()] for queries, objects in indices],
        "logits_gradient": outputs["pred_logits"].grad.flatten().tolist(),
        "boxes_gradient": outputs["pred_boxes"].grad.flatten().tolist(),
    }


def facebook():
    with importing(clone("detr"), "models", "util"):
        from models.detr import SetCriterion
        from models.matcher import HungarianMatcher
    matcher = HungarianMatcher(cost_class=1, cost_bbox=5, cost_giou=2)
    weights = {"loss_ce": 1, "loss_bbox": 5, "loss_giou": 2}
    criterion = SetCriterion(CLASSES, matcher, weights, eos_coef=0.1, losses=["labels", "boxes"])
    outputs = prediction(1, CLASSES + 1)
    return described(outputs, criterion(outputs, targets()), weights, matcher(outputs, targets()))


def float_focal_loss(logits, wanted, *arguments, **more):
    """The authors pass whole numbers, which today's torchvision refuses."""
    return torchvision.ops.sigmoid_focal_loss(logits, wanted.to(logits.dtype), *arguments, **more)


def lyuwenyu(kind, alpha, class_weight):
    folder = clone("RT-DETR") / "rtdetrv2_pytorch" / "src"
    with importing(folder.parent, "src"):
        for name in ("", "zoo", "zoo/rtdetr", "misc"):
            bare_package(".".join(["src", *filter(None, name.split("/"))]), folder / name)
        bare_package("src.core", folder / "core").register = registering
        sys.modules["src.misc.dist_utils"] = types.SimpleNamespace(
            get_world_size=lambda: 1, is_dist_available_and_initialized=lambda: False
        )
        matching = importlib.import_module("src.zoo.rtdetr.matcher")
        losses = importlib.import_module("src.zoo.rtdetr.rtdetrv2_criterion")
    losses.torchvision = types.SimpleNamespace(ops=types.SimpleNamespace(sigmoid_focal_loss=float_focal_loss))
    matcher = matching.HungarianMatcher({"cost_class": 2, "cost_bbox": 5, "cost_giou": 2}, use_focal_loss=True)
    weights = {f"loss_{kind}": class_weight, "loss_bbox": 5, "loss_giou": 2}
    criterion = losses.RTDETRCriterionv2(matcher, dict.fromkeys(weights, 1), [kind, "boxes"], alpha, 2.0, CLASSES)
    outputs = prediction(1, CLASSES)
    return described(outputs, criterion(outputs, targets()), weights, matcher(outputs, targets())["indices"])


def main():
    golden = {
        "cross_entropy": facebook(),
        "focal": lyuwenyu("focal", 0.25, 2),
        "varifocal": lyuwenyu("vfl", 0.75, 1),
    }
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
