"""Which networks stand behind the registered names, by origin, and the cases made of them.

Every registered classifier has a case against timm's network of its name; what timm does not have under that name needs
a row here. A registered model without one fails the suite.
"""

from functools import partial

import timm

from cases import Case, Tier
from forward import CONTAINERS, GOOGLE, GOOGLE_HALF, VARIANTS, Row
from program import Failed
from references import Spec

FAST, DEFAULT, FULL = Tier.FAST, Tier.DEFAULT, Tier.FULL


def _rows(origin, tier, variants, *pairs):
    return [Row(ours, spec, origin, tuple(variants), tier) for ours, spec in pairs]


def _library(library, **common):
    return lambda model, **own: Spec(library, model, **{**common, **own})


_timm, _tv, _hf, _lite = (_library(name) for name in ("timm", "torchvision", "transformers", "lukemelas"))

# The container matrix, on small members.
MATRIX = [
    *_rows("timm", FAST, CONTAINERS, ("deit_tiny_patch16_224", _timm("deit_tiny_patch16_224"))),
    *_rows(
        "timm", FAST, ("pth-linear-patches", "pth-pre-logits"), ("vit_tiny_patch16_224", _timm("vit_tiny_patch16_224"))
    ),
    *_rows(
        "timm",
        FAST,
        ("pth", "legacy", "pth-no-counters", "safetensors-fp16", "pth-bf16", "safetensors-sharded"),
        ("resnet18", _timm("resnet18")),
    ),
    *_rows("timm", FAST, ("pth", "legacy", "legacy-training"), ("efficientnet_lite0", _timm("efficientnet_lite0"))),
    *_rows("jax", FAST, (*GOOGLE, *GOOGLE_HALF), ("vit_tiny_patch16_224", _timm("vit_tiny_patch16_224"))),
]

ORIGINAL = [
    *_rows(
        "original",
        DEFAULT,
        ("pth-model", "legacy-model"),
        *[
            (name, _timm(name))
            for name in ("deit_tiny_patch16_224", "deit_tiny_distilled_patch16_224", "deit_base_distilled_patch16_384")
        ],
    ),
    *_rows(
        "original",
        FULL,
        ("pth-training",),
        *[
            (name, _timm(name))
            for name in (
                "deit_small_patch16_224",
                "deit_base_patch16_224",
                "deit_base_patch16_384",
                "deit_small_distilled_patch16_224",
                "deit_base_distilled_patch16_224",
            )
        ],
    ),
    *_rows(
        "original",
        DEFAULT,
        ("pth-deit3",),
        *[(name, _timm(name)) for name in ("deit3_small_patch16_224", "deit3_medium_patch16_224")],
    ),
    *_rows(
        "original",
        FULL,
        ("pth-deit3",),
        *[
            (name, _timm(name, batch=1))
            for name in (
                "deit3_small_patch16_384",
                "deit3_base_patch16_224",
                "deit3_base_patch16_384",
                "deit3_large_patch16_224",
                "deit3_large_patch16_384",
                "deit3_huge_patch14_224",
            )
        ],
    ),
]

JAX = [
    *_rows(
        "jax",
        DEFAULT,
        ("npz",),
        ("vit_small_patch32_224", _timm("vit_small_patch32_224")),
        ("vit_base_patch16_224", _timm("vit_base_patch16_224")),
        ("vit_base_patch8_224", _timm("vit_base_patch8_224", batch=1)),
    ),
    *_rows(
        "jax",
        FULL,
        ("npz",),
        *[
            (name, _timm(name, batch=1))
            for name in (
                "vit_tiny_patch16_384",
                "vit_small_patch16_224",
                "vit_small_patch16_384",
                "vit_small_patch32_384",
                "vit_base_patch32_224",
                "vit_base_patch32_384",
                "vit_base_patch16_384",
                "vit_large_patch16_224",
                "vit_large_patch16_384",
            )
        ],
    ),
]

TORCHVISION = [
    *_rows("torchvision", DEFAULT, ("pth-published", "legacy-published", "safetensors"), ("vit_b_16", _tv("vit_b_16"))),
    *_rows(
        "torchvision",
        DEFAULT,
        ("pth-published",),
        ("vit_base_patch32_224", _tv("vit_b_32")),
        ("vit_large_patch16_224", _tv("vit_l_16", batch=1)),
        ("vit_l_32", _tv("vit_l_32", batch=1)),
        ("vit_b_16_swag_e2e", _tv("vit_b_16", size=384, batch=1)),
        ("vit_l_16_swag_e2e", _tv("vit_l_16", size=512, batch=1)),
        ("vit_h_14", _tv("vit_h_14", size=518, batch=1)),
    ),
    *_rows(
        "torchvision",
        FULL,
        ("pth-published",),
        ("vit_b_16_swag_linear", _tv("vit_b_16")),
        ("vit_l_16_swag_linear", _tv("vit_l_16", batch=1)),
        ("vit_h_14_swag_linear", _tv("vit_h_14", batch=1)),
    ),
    *_rows("torchvision", DEFAULT, ("pth", "legacy"), ("resnet50", _tv("resnet50"))),
    *_rows(
        "torchvision",
        DEFAULT,
        ("pth",),
        *[(name, _tv(name)) for name in ("resnet18", "resnet34", "resnet101", "resnet152")],
    ),
]

_VIT, _TEACHER, _RESNET = (
    "ViTForImageClassification:",
    "DeiTForImageClassificationWithTeacher:",
    "ResNetForImageClassification:",
)

TRANSFORMERS = [
    *_rows(
        "hf",
        FAST,
        ("safetensors", "safetensors-sharded", "pth", "legacy", "pth-memory"),
        ("vit_tiny_patch16_224", _hf(_VIT + "tiny/16")),
    ),
    *_rows(
        "hf",
        DEFAULT,
        ("safetensors",),
        ("vit_base_patch16_224", _hf(_VIT + "base/16")),
        ("vit_base_patch32_384", _hf(_VIT + "base/32", size=384)),
        ("deit_tiny_patch16_224", _hf(_VIT + "tiny/16")),
        ("deit_tiny_distilled_patch16_224", _hf(_TEACHER + "tiny/16")),
    ),
    Row(
        "vit_base_patch16_224.google/vit-base-patch16-224-in21k",
        _hf("ViTModel:base/16", classes=0),
        "hf",
        ("safetensors",),
    ),
    *_rows(
        "hf",
        FULL,
        ("safetensors",),
        ("vit_large_patch16_224", _hf(_VIT + "large/16", batch=1)),
        ("vit_base_patch16_384", _hf(_VIT + "base/16", size=384, batch=1)),
        ("deit_small_distilled_patch16_224", _hf(_TEACHER + "small/16")),
        ("deit_base_distilled_patch16_384", _hf(_TEACHER + "base/16", size=384, batch=1)),
    ),
    *_rows("hf", DEFAULT, ("safetensors",), *[(f"resnet{depth}", _hf(f"{_RESNET}{depth}")) for depth in (18, 50)]),
    *_rows("hf", FULL, ("safetensors",), *[(f"resnet{depth}", _hf(f"{_RESNET}{depth}")) for depth in (34, 101, 152)]),
]

LUKEMELAS = [
    *_rows("original", FAST, ("pth", "legacy", "safetensors"), ("efficientnet_lite0", _lite("efficientnet-lite0"))),
    *_rows(
        "original",
        DEFAULT,
        ("legacy",),
        *[(f"efficientnet_lite{i}", _lite(f"efficientnet-lite{i}")) for i in (1, 2, 3, 4)],
    ),
]

CLASS_COUNTS = [
    Row(
        "vit_tiny_patch16_224",
        _timm("vit_tiny_patch16_224", classes=21843),
        "timm",
        ("safetensors",),
        DEFAULT,
        ("--num-classes", "21843"),
    ),
    Row("vit_base_patch16_224.dino", _timm("vit_base_patch16_224", classes=0), "timm", ("pth",)),
]

EXTRA = MATRIX + ORIGINAL + JAX + TORCHVISION + TRANSFORMERS + LUKEMELAS + CLASS_COUNTS

_SMALL = ("tiny", "small_patch32_224", "resnet18", "lite0")


def _own_name(name):
    """The case that every registered name has: timm's network of that name in the container that timm publishes."""
    large = any(part in name for part in ("large", "huge", "384", "patch8"))
    return Row(
        name,
        _timm(name, batch=1 if large else 2),
        "timm",
        ("safetensors",),
        FAST if any(part in name for part in _SMALL) else DEFAULT,
    )


def _uncovered(name, bench):
    raise Failed(f"'{name}' is registered and has no case: timm has no such network and tables.py no row")


def forward_cases(registered):
    """Cases of all tables, and of every registered classifier; those that nothing covers fail."""
    rows = {(row.ours, row.origin, variant): row for row in EXTRA for variant in row.variants}
    covered = {ours for ours, _, _ in rows}
    uncovered = []
    for name, model in registered.items():
        if model["task"] != "classify":
            continue
        if timm.is_model(name):
            rows.setdefault((name, "timm", "safetensors"), _own_name(name))
        elif name not in covered:
            uncovered.append(Case("forward", name, "none", "none", partial(_uncovered, name), FAST))
    ordered = sorted(rows.items(), key=lambda item: _reference(item[1], item[0][2]))
    return uncovered + [row.case(variant) for (_, _, variant), row in ordered]


def _reference(row, variant):
    """Cases of one reference become neighbours, so that it is built once."""
    return repr(row.spec), str(VARIANTS[variant].dtype)
