"""`vitral weights convert`: what it writes loads strictly in the library it is for, computes the same there, and
comes back bit for bit."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from safetensors.torch import load_file
from timm.models.vision_transformer import checkpoint_filter_fn

import containers
import layouts
from cases import Bench, Case, Tier
from forward import GOOGLE, compare, forward
from program import Failed
from references import LIBRARIES, Reference, Spec


def _strictly(module, path):
    module.load_state_dict(load_file(path), strict=True)
    return module


def _through_timms_filter(module, path):
    """The authors' DeiT-III layout: timm's own filter renames it, then it has to fit strictly."""
    module.load_state_dict(checkpoint_filter_fn(load_file(path), module, adapt_layer_scale=True), strict=True)
    return module


def _from_pretrained(module, path):
    if path.name != "model.safetensors":
        raise Failed("transformers looks for model.safetensors")
    module.config.save_pretrained(path.parent)
    loaded, report = type(module).from_pretrained(path.parent, output_loading_info=True)
    wrong = {what: sorted(map(str, names))[:3] for what, names in report.items() if names}
    if wrong:
        raise Failed(f"transformers reports {wrong}")
    return loaded


@dataclass(frozen=True)
class Conversion:
    """From a file of `source` to the layout `to`, which `target` reads with `load`."""

    ours: str
    origin: str
    source: Spec
    to: str
    target: Spec
    load: Callable = _strictly
    write: Callable = lambda reference, folder: containers.safetensors(reference.state, folder)
    back: bool = True  # the way back gives the same file
    tier: Tier = Tier.DEFAULT

    @property
    def case(self):
        return Case("convert", self.ours, self.origin, f"to-{self.to}", partial(_convert, self), self.tier)


def _convert(row: Conversion, bench: Bench) -> str:
    reference = Reference(row.source)
    with bench.room() as folder:
        (folder / "source").mkdir()
        (folder / "target").mkdir()
        source = row.write(reference, folder / "source")
        target = folder / "target" / "model.safetensors"
        bench.program.succeed("weights", "convert", source, "-m", row.ours, "-o", target, "--to", row.to)
        module = row.load(LIBRARIES[row.target.library].build(row.target), target).eval()
        result = compare(_raw(reference.outputs(module, row.target.library)), _raw(reference.expected), chosen=row.source.chooses_queries)
        if row.back:
            _back(row, bench.program, folder, target, layouts.without_counters(load_file(source)))
    return result


def _back(row, program, folder, target, original):
    returned = folder / "returned.safetensors"
    program.succeed("weights", "convert", target, "-m", row.ours, "-o", returned, "--to", row.origin)
    state = layouts.without_counters(load_file(returned))
    if state.keys() != original.keys():
        raise Failed(f"the way back gives other names: {sorted(state.keys() ^ original.keys())[:4]}")
    unequal = [name for name in original if not torch.equal(state[name], original[name])]
    if unequal:
        raise Failed(f"the way back changes {len(unequal)} tensors, the first is {unequal[0]}")


def _native(ours, spec, write, bench: Bench) -> str:
    """A native file is enough of its own: architecture and preprocessing are inside."""
    reference = Reference(spec)
    with bench.room() as folder:
        source = write(reference, folder)
        native = folder / "native.safetensors"
        bench.program.succeed("weights", "convert", source, "-m", ours, "-o", native, "--to", "native")
        outputs = forward(bench.program, folder, native, None, reference)
    return compare(outputs, _raw(reference.expected))


def _raw(outputs):
    """What every run gives, without being asked for features."""
    return {name: tensor for name, tensor in outputs.items() if name != "features"}


def _google(reference, folder):
    return containers.npz(GOOGLE["npz"].layout(reference), folder)


def _legacy(reference, folder):
    return containers.torch_legacy(reference.state, folder)


def _deit3(reference, folder):
    return containers.safetensors(layouts.deit3_original(reference.state), folder)


_TINY, _HF_TINY = Spec("timm", "vit_tiny_patch16_224"), Spec("transformers", "ViTForImageClassification:tiny/16")
_DISTILLED = Spec("timm", "deit_tiny_distilled_patch16_224")
_HF_DISTILLED = Spec("transformers", "DeiTForImageClassificationWithTeacher:tiny/16")
_BASE, _TV_BASE = Spec("timm", "vit_base_patch16_224"), Spec("torchvision", "vit_b_16")
_DEIT3 = Spec("timm", "deit3_small_patch16_224")
_RESNET, _TV_RESNET = Spec("timm", "resnet18"), Spec("torchvision", "resnet18")
_HF_RESNET = Spec("transformers", "ResNetForImageClassification:18")
_RESNET50, _HF_RESNET50 = Spec("timm", "resnet50"), Spec("transformers", "ResNetForImageClassification:50")
_LITE, _TF_LITE = Spec("lukemelas", "efficientnet-lite0"), Spec("timm", "tf_efficientnet_lite0")
_DETR, _HF_DETR = Spec("facebookresearch", "detr-r50"), Spec("transformers", "DetrForObjectDetection:50")
_RTDETR, _HF_RTDETR = Spec("lyuwenyu", "v1/18", batch=1), Spec("transformers", "RTDetrForObjectDetection:18", batch=1)
_RTDETR2 = Spec("lyuwenyu", "v2/18", batch=1)
_HF_RTDETR2 = Spec("transformers", "RTDetrV2ForObjectDetection:18", batch=1)

CONVERSIONS = [
    Conversion("vit_tiny_patch16_224", "timm", _TINY, "hf", _HF_TINY, _from_pretrained, tier=Tier.FAST),
    Conversion("vit_tiny_patch16_224", "hf", _HF_TINY, "timm", _TINY, tier=Tier.FAST),
    Conversion("vit_tiny_patch16_224", "jax", _TINY, "timm", _TINY, write=_google, back=False, tier=Tier.FAST),
    Conversion("vit_tiny_patch16_224", "jax", _TINY, "hf", _HF_TINY, _from_pretrained, write=_google, back=False),
    Conversion(
        "deit_tiny_distilled_patch16_224", "timm", _DISTILLED, "hf", _HF_DISTILLED, _from_pretrained, tier=Tier.FAST
    ),
    Conversion("deit_tiny_distilled_patch16_224", "hf", _HF_DISTILLED, "timm", _DISTILLED),
    Conversion("deit_tiny_distilled_patch16_224", "hf", _HF_DISTILLED, "original", _DISTILLED, back=False),
    Conversion("vit_base_patch16_224", "timm", _BASE, "torchvision", _TV_BASE),
    Conversion("vit_base_patch16_224", "torchvision", _TV_BASE, "timm", _BASE),
    Conversion(
        "vit_b_16",
        "torchvision",
        _TV_BASE,
        "hf",
        Spec("transformers", "ViTForImageClassification:base/16"),
        _from_pretrained,
    ),
    Conversion("deit3_small_patch16_224", "timm", _DEIT3, "original", _DEIT3, _through_timms_filter, tier=Tier.FAST),
    Conversion("deit3_small_patch16_224", "original", _DEIT3, "timm", _DEIT3, write=_deit3, tier=Tier.FAST),
    Conversion("resnet18", "timm", _RESNET, "torchvision", _TV_RESNET, tier=Tier.FAST),
    Conversion("resnet18", "torchvision", _TV_RESNET, "timm", _RESNET),
    Conversion("resnet18", "timm", _RESNET, "hf", _HF_RESNET, _from_pretrained, tier=Tier.FAST),
    Conversion("resnet18", "hf", _HF_RESNET, "torchvision", _TV_RESNET, back=False),
    Conversion("resnet50", "hf", _HF_RESNET50, "timm", _RESNET50),
    Conversion("detr_resnet50", "hf", _HF_DETR, "original", _DETR),
    Conversion("detr_resnet50", "original", _DETR, "hf", _HF_DETR, _from_pretrained),
    Conversion("detr_resnet50", "hf", _HF_DETR, "hf", _HF_DETR, _from_pretrained),
    Conversion("rtdetr_r18vd", "hf", _HF_RTDETR, "original", _RTDETR),
    Conversion("rtdetr_r18vd", "original", _RTDETR, "hf", _HF_RTDETR, _from_pretrained),
    Conversion("rtdetrv2_r18vd", "hf", _HF_RTDETR2, "original", _RTDETR2),
    Conversion("rtdetrv2_r18vd", "original", _RTDETR2, "hf", _HF_RTDETR2, _from_pretrained),
    Conversion("efficientnet_lite0", "original", _LITE, "timm", _TF_LITE, back=False, tier=Tier.FAST),
]

NATIVE = {
    ("vit_tiny_patch16_224", "jax"): (_TINY, _google),
    ("deit_tiny_distilled_patch16_224", "hf"): (
        _HF_DISTILLED,
        lambda reference, folder: containers.safetensors(reference.state, folder),
    ),
    ("efficientnet_lite0", "original"): (_LITE, _legacy),  # keeps TensorFlow's padding
    ("resnet18", "timm"): (_RESNET, _legacy),
    ("detr_resnet50", "hf"): (_HF_DETR, lambda reference, folder: containers.safetensors(reference.state, folder)),
}


def conversion_cases(registered):
    native = [
        Case("convert", ours, origin, "to-native", partial(_native, ours, *how), Tier.FAST)
        for (ours, origin), how in NATIVE.items()
    ]
    return [row.case for row in CONVERSIONS] + native
