"""The suite's own files against the libraries that read them: a layout that only we understand would prove nothing."""

from functools import partial

import timm
import torch
import torchvision
from timm.models.swin_transformer import checkpoint_filter_fn as swin_filter
from timm.models.swin_transformer_v2 import checkpoint_filter_fn as swin2_filter
from timm.models.tnt import checkpoint_filter_fn as tnt_filter
from timm.models.vision_transformer import _load_weights as read_google
from timm.models.vision_transformer import checkpoint_filter_fn as vit_filter

import layouts
from cases import Bench, Case, Tier
from forward import GOOGLE, VARIANTS
from program import Failed
from references import Reference, Spec, relative_error


def _equal(read, written):
    if read.keys() != written.keys():
        raise Failed(f"other names: {sorted(read.keys() ^ written.keys())[:4]}")
    unequal = [name for name in written if not torch.equal(read[name], written[name])]
    if unequal:
        raise Failed(f"{len(unequal)} tensors differ, the first is {unequal[0]}")
    return "equal"


def _google(variant, bench: Bench):
    reference = bench.once("google", lambda: Reference(Spec("timm", "vit_tiny_patch16_224")))
    with bench.room() as folder:
        path = VARIANTS[variant].write(VARIANTS[variant].layout(reference), folder)
        fresh = timm.create_model("vit_tiny_patch16_224")
        read_google(fresh, str(path))
    return _equal(fresh.state_dict(), reference.state)


def _filtered(model, read, change, bench: Bench):
    reference = Reference(Spec("timm", model))
    changed = change(reference.state)
    if changed.keys() == reference.state.keys() and all(
        changed[name].shape == value.shape for name, value in reference.state.items()
    ):
        raise Failed("the layout changes nothing")
    return _equal(dict(read(changed, reference.module)), reference.state)


def _huawei(bench: Bench):
    return _filtered("tnt_s_patch16_224", tnt_filter, layouts.huawei, bench)


def _microsoft(model, read, bench: Bench):
    reference = Reference(Spec("timm", model))
    return _equal(read(layouts.microsoft(reference.state, reference.module), reference.module), reference.state)


def _published(bench: Bench):
    reference = Reference(Spec("torchvision", "vit_b_16"))
    fresh = torchvision.models.vit_b_16()
    fresh.load_state_dict(layouts.torchvision_as_published(reference.state), strict=True)
    return _equal(fresh.state_dict(), reference.state)


def _lukemelas(bench: Bench):
    """Its modules come in timm's order, so the weights fit one by one."""
    reference = Reference(Spec("lukemelas", "efficientnet-lite0"))
    twin = timm.create_model("tf_efficientnet_lite0").eval()
    twin.load_state_dict(dict(zip(twin.state_dict(), reference.state.values(), strict=True)))
    with torch.inference_mode():
        error = relative_error(twin(reference.images), reference.expected["logits"])
    if error > 1e-6:
        raise Failed(f"timm's tf_efficientnet_lite0 differs by {error:.1e}")
    return f"{error:.1e}"


def selfcheck_cases():
    return [
        *[
            Case("layout", "vit_tiny_patch16_224", "jax", variant, partial(_google, variant), Tier.FAST)
            for variant in GOOGLE
        ],
        Case(
            "layout",
            "deit3_small_patch16_224",
            "original",
            "names",
            partial(
                _filtered,
                "deit3_small_patch16_224",
                partial(vit_filter, adapt_layer_scale=True),
                layouts.deit3_original,
            ),
            Tier.FAST,
        ),
        Case(
            "layout",
            "vit_tiny_patch16_224",
            "timm",
            "linear-patches",
            partial(_filtered, "vit_tiny_patch16_224", vit_filter, layouts.linear_patches),
            Tier.FAST,
        ),
        Case("layout", "tnt_s_patch16_224", "original", "names", _huawei, Tier.FAST),
        *[
            Case("layout", model, "original", "names", partial(_microsoft, model, read), Tier.FAST)
            for model, read in (
                ("swin_tiny_patch4_window7_224", swin_filter),
                ("swinv2_tiny_window8_256", swin2_filter),
            )
        ],
        Case("layout", "vit_b_16", "torchvision", "names", _published, Tier.DEFAULT),
        Case("layout", "efficientnet_lite0", "original", "numerics", _lukemelas, Tier.FAST),
    ]
