"""Puts the tables of the families together.

Every registered classifier has a case against timm's network of its name; what timm does not have under that name needs
a row in one of the tables. A registered model without either fails the suite.
"""

from functools import partial

import timm

from cases import Case, Tier
from forward import VARIANTS, rows
from program import Failed
from rows_cnn import EFFICIENTNET_LITE, RESNET
from rows_detectors_cnn import FASTER_RCNN, YOLOX
from rows_detr import DEFORMABLE_DETR, DETR, RTDETR
from rows_small import SMALL
from rows_swin import SWIN, SWIN2
from rows_vit import DEIT, DEIT3, TNT, VIT

# A table counts as soon as a registered name begins so.
TABLES = {
    "vit_": VIT,
    "deit_": DEIT,
    "deit3_": DEIT3,
    "tnt_": TNT,
    "swin_": SWIN,
    "swinv2_": SWIN2,
    "resnet": RESNET,
    "efficientnet_lite": EFFICIENTNET_LITE,
    "fasterrcnn_": FASTER_RCNN,
    "yolox_": YOLOX,
    "deformable_detr_": DEFORMABLE_DETR,
    "detr_": DETR,
    "rtdetr": RTDETR,
    "fashion_": SMALL,
}

_SMALL = ("tiny", "small_patch32_224", "resnet18", "lite0", "tnt_s")
_LARGE = ("large", "huge", "384", "patch8")


def _own_name(name):
    """The case that every registered name has: timm's network of that name in the container that timm publishes."""
    tier = Tier.FAST if any(part in name for part in _SMALL) else Tier.DEFAULT
    return rows("timm", tier, "safetensors", "timm", name, batch=1 if any(part in name for part in _LARGE) else 2)[0]


def _uncovered(name, bench):
    raise Failed(f"'{name}' is registered and has no case: timm has no such network and the tables no row")


def _reference(row, variant):
    """Cases of one reference become neighbours, so that it is built once."""
    return repr(row.spec), str(VARIANTS[variant].dtype)


def forward_cases(registered):
    """Cases of all tables, and of every registered name; those that nothing covers fail."""
    extra = [
        row for start, table in TABLES.items() if any(name.startswith(start) for name in registered) for row in table
    ]
    named = {row.case(variant).name: (row, variant) for row in extra for variant in row.variants}
    covered = {row.ours for row in extra}
    uncovered = []
    for name, model in registered.items():
        if model["task"] == "classify" and timm.is_model(name):
            own = _own_name(name)
            named.setdefault(own.case("safetensors").name, (own, "safetensors"))
        elif name not in covered:
            uncovered.append(Case("forward", name, "none", "none", partial(_uncovered, name), Tier.FAST))
    return uncovered + [row.case(variant) for row, variant in sorted(named.values(), key=lambda each: _reference(*each))]
