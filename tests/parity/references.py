"""Full-size networks of the real libraries with seeded random weights: what the program is compared with."""

import copy
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import timm
import torch
import torchvision
import transformers
from efficientnet_lite_pytorch import EfficientNet
from safetensors.torch import load_file

import small
from authors import facebook_batch, facebook_detr, lyuwenyu_rtdetr
from randomise import NoInitialisation, randomise


@dataclass(frozen=True)
class Spec:
    """Which network of which library. `classes` None: the library's own number."""

    library: str
    model: str
    classes: int | None = None
    size: int | None = None
    batch: int = 2
    seed: int = 1
    padded: bool = False  # detectors: the pictures of the batch have different sizes

    @property
    def takes_pixels(self) -> bool:
        """Discrete sampling: rounding moves a sample to the next pixel, however exact the rest is."""
        return self.model.endswith("-dsp")

    @property
    def chooses_queries(self) -> bool:
        return self.library == "lyuwenyu" or self.model.startswith("RTDetr") or self.model.endswith("two-stage")


class Reference:
    """A network, an input and what the library makes of it."""

    def __init__(self, spec: Spec):
        self.spec = spec
        self.library = LIBRARIES[spec.library]
        self.module = self.untouched(spec).eval()
        height, width = self.library.input_size(self.module, spec)
        generator = torch.Generator().manual_seed(spec.seed + 1000)
        self.images = torch.randn(spec.batch, 3, height, width, generator=generator)
        randomise(self.module, self.images, spec.seed, calm="detr" in spec.model.lower() or spec.library == "lyuwenyu")
        self.mask = self._pad() if spec.padded else None

    def _pad(self):
        """Every picture but the first fills three quarters of the width and two thirds of the height, or so."""
        _, _, height, width = self.images.shape
        mask = torch.zeros(self.images.shape[0], height, width, dtype=torch.bool)
        mask[1:, 2 * height // 3 :] = True
        mask[1:, :, 3 * width // 4 + 1 :] = True
        self.images = self.images * ~mask[:, None]
        return mask

    @staticmethod
    def untouched(spec):
        """The network as the library builds it; its weights mean nothing yet."""
        with NoInitialisation():
            return LIBRARIES[spec.library].build(spec)

    def outputs(self, module, library: str) -> dict[str, torch.Tensor]:
        """What `module`, a network of `library`, makes of the input."""
        inputs = (self.images,) if self.mask is None else (self.images, self.mask)
        with torch.inference_mode():
            return LIBRARIES[library].outputs(module, *inputs)

    @cached_property
    def expected(self):
        return self.outputs(self.module, self.spec.library)

    @cached_property
    def neighbours(self) -> list[dict[str, torch.Tensor]]:
        """What the library makes of the input in float64, and of inputs that differ by less than float32 tells apart."""
        inputs = () if self.mask is None else (self.mask,)
        generator = torch.Generator().manual_seed(self.spec.seed)
        noisy = [self.images * (1 + 3e-7 * torch.randn(self.images.shape, generator=generator)) for _ in range(3)]
        with torch.inference_mode():
            exact = self.library.outputs(copy.deepcopy(self.module).double(), self.images.double(), *inputs)
            return [exact, *(self.library.outputs(self.module, images, *inputs) for images in noisy)]

    @cached_property
    def state(self) -> dict[str, torch.Tensor]:
        """Names and tensors as the library's own files have them."""
        return self.library.state(self.module)

    def rounded(self, dtype) -> "Reference":
        """The same network with weights that survive a file of `dtype`; computes in float32."""
        with torch.no_grad():
            for tensor in (*self.module.parameters(), *self.module.buffers()):
                if tensor.is_floating_point():
                    tensor.copy_(tensor.to(dtype).float())
        for name in ("expected", "neighbours", "state"):
            self.__dict__.pop(name, None)
        return self


def plain_state(module):
    return {name: value.detach() for name, value in module.state_dict().items()}


@dataclass(frozen=True)
class Library:
    build: Callable
    input_size: Callable
    outputs: Callable
    state: Callable = plain_state


def _timm(spec):
    options = {} if spec.classes is None else {"num_classes": spec.classes}
    if spec.size:
        options["img_size"] = spec.size
    return timm.create_model(spec.model, **options)


def _timm_size(module, spec):
    return (spec.size, spec.size) if spec.size else module.pretrained_cfg["input_size"][1:]


def _timm_outputs(module, images):
    features = module.forward_features(images)
    return {"logits": module.forward_head(features), "features": module.forward_head(features, pre_logits=True)}


def _torchvision(spec):
    options = {} if spec.classes is None else {"num_classes": spec.classes}
    if spec.size:
        options["image_size"] = spec.size
    return torchvision.models.get_model(spec.model, weights=None, **options)


def _torchvision_size(module, spec):
    return (spec.size or (256 if spec.model.startswith("swin_v2") else 224),) * 2


_VIT_WIDTHS = {"tiny": (192, 12, 3), "small": (384, 12, 6), "base": (768, 12, 12), "large": (1024, 24, 16)}
_SWIN_WIDTHS = {"tiny": (96, 6, 3), "small": (96, 18, 3), "base": (128, 18, 4), "large": (192, 18, 6)}
_RESNET_DEPTHS = {
    "18": [2, 2, 2, 2],
    "34": [3, 4, 6, 3],
    "50": [3, 4, 6, 3],
    "101": [3, 4, 23, 3],
    "152": [3, 8, 36, 3],
}


def _transformers(spec):
    """`model` reads "ViTForImageClassification:tiny/16" (size/patch), "Swin…:tiny/7" (size/window) or "ResNet…:50"."""
    kind, what = spec.model.split(":")
    family = next(family for family in _CONFIGURATIONS if kind.startswith(family))
    config = _CONFIGURATIONS[family](spec, *what.split("/"))
    if spec.classes is not None:
        config.num_labels = spec.classes
    elif family not in _DETECTOR_SIZES:
        config.num_labels = 1000
    return getattr(transformers, kind)(config)


def _vit_configuration(make, spec, size, patch):
    width, depth, heads = _VIT_WIDTHS[size]
    return make(
        hidden_size=width,
        num_hidden_layers=depth,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        image_size=spec.size or 224,
        patch_size=int(patch),
    )


def _swin_configuration(make, spec, size, window):
    width, depth, heads = _SWIN_WIDTHS[size]
    return make(
        embed_dim=width,
        depths=[2, 2, depth, 2],
        num_heads=[heads * 2**stage for stage in range(4)],
        image_size=spec.size or 224,
        window_size=int(window),
    )


def _resnet_configuration(spec, depth):
    widths, kind = ([64, 128, 256, 512], "basic") if int(depth) < 50 else ([256, 512, 1024, 2048], "bottleneck")
    return transformers.ResNetConfig(
        embedding_size=64, hidden_sizes=widths, depths=_RESNET_DEPTHS[depth], layer_type=kind
    )


_CONFIGURATIONS = {
    "ViT": partial(_vit_configuration, transformers.ViTConfig),
    "DeiT": partial(_vit_configuration, transformers.DeiTConfig),
    "Swinv2": partial(_swin_configuration, transformers.Swinv2Config),
    "Swin": partial(_swin_configuration, transformers.SwinConfig),
    "ResNet": _resnet_configuration,
}


def _detr_configuration(spec, what):
    """`what` reads "50", "101-dc5" (over timm's ResNet) or "resnet50" (over that of transformers)."""
    shared = {"num_labels": 91, "use_pretrained_backbone": False}
    if what.startswith("resnet"):
        backbone = _resnet_configuration(spec, what.removeprefix("resnet"))
        backbone.out_features = ["stage4"]
        return transformers.DetrConfig(use_timm_backbone=False, backbone=None, backbone_config=backbone, **shared)
    depth, _, dilated = what.partition("-")
    return transformers.DetrConfig(
        use_timm_backbone=True, backbone=f"resnet{depth}", backbone_config=None, dilation=bool(dilated), **shared
    )


def _rtdetr_configuration(make, spec, what):
    """`what` reads "18", "50m" (the medium one), of version 2 "18-dsp" (discrete samples), or "small-10" (by classes)."""
    if what.startswith("small-"):
        return small.rtdetr(int(what.removeprefix("small-")))
    depth, _, discrete = what.partition("-")
    medium = depth.endswith("m")
    depth = depth.removesuffix("m")
    basic, large = int(depth) < 50, int(depth) > 50
    widths, kind = ([64, 128, 256, 512], "basic") if basic else ([256, 512, 1024, 2048], "bottleneck")
    backbone = transformers.RTDetrResNetConfig(
        hidden_sizes=widths,
        depths=_RESNET_DEPTHS[depth],
        layer_type=kind,
        out_features=["stage2", "stage3", "stage4"],
    )
    more = {"encoder_hidden_dim": 384, "encoder_ffn_dim": 2048, "decoder_in_channels": [384] * 3} if large else {}
    if discrete:
        more["decoder_method"] = "discrete"
    return make(
        backbone_config=backbone,
        encoder_in_channels=widths[1:],
        hidden_expansion=0.5 if basic or medium else 1.0,
        decoder_layers={"18": 3, "34": 4}.get(depth, 6),
        num_labels=80,
        anchor_image_size=None,
        **more,
    )


_DEFORMABLE = {
    "base": {},
    "single": {"num_feature_levels": 1},
    "single-dc5": {"num_feature_levels": 1, "dilation": True},
    "refine": {"with_box_refine": True},
    "two-stage": {"with_box_refine": True, "two_stage": True},
}


def _deformable_configuration(spec, what):
    return transformers.DeformableDetrConfig(
        use_timm_backbone=True,
        use_pretrained_backbone=False,
        backbone="resnet50",
        backbone_config=None,
        num_labels=91,
        **_DEFORMABLE[what],
    )


_CONFIGURATIONS["DeformableDetr"] = _deformable_configuration
_CONFIGURATIONS["Detr"] = _detr_configuration
_CONFIGURATIONS["RTDetrV2"] = partial(_rtdetr_configuration, transformers.RTDetrV2Config)
_CONFIGURATIONS["RTDetr"] = partial(_rtdetr_configuration, transformers.RTDetrConfig)
# No multiples of a stride, and small enough for a test: what size a picture has is the same to these networks.
_DETECTOR_SIZES = {"DeformableDetr": (300, 404), "Detr": (370, 500), "RTDetrV2": (640, 640), "RTDetr": (640, 640)}


def _transformers_size(module, spec):
    for family, size in _DETECTOR_SIZES.items():
        if spec.model.startswith(family):
            return (spec.size or size[0], size[1])
    return (spec.size or 224,) * 2


def _transformers_outputs(module, images, mask=None):
    if mask is not None:
        outputs = module(images, pixel_mask=(~mask).long())
        return {"logits": outputs.logits, "boxes": outputs.pred_boxes}
    outputs = module(images)
    if "pred_boxes" in outputs:
        return {"logits": outputs.logits, "boxes": outputs.pred_boxes}
    return {"logits": outputs.logits if "logits" in outputs else outputs.last_hidden_state[:, 0]}


def transformers_files(module, folder, **options):
    """Lets transformers write its files; they carry other names than the module in memory."""
    module.save_pretrained(folder, **options)
    return Path(folder)


def _transformers_state(module):
    with tempfile.TemporaryDirectory() as folder:
        return load_file(transformers_files(module, folder) / "model.safetensors")


def _lukemelas(spec):
    return EfficientNet.from_name(spec.model, image_size=_lukemelas_side(spec), num_classes=spec.classes or 1000)


def _lukemelas_side(spec):
    return spec.size or timm.get_pretrained_cfg("tf_" + spec.model.replace("-", "_")).input_size[1]


def _facebook(spec):
    depth, _, dilated = spec.model.removeprefix("detr-r").partition("-")
    return facebook_detr(int(depth), bool(dilated))


def _facebook_outputs(module, images, mask=None):
    outputs = module(facebook_batch(images, mask))
    return _of_authors(outputs)


def _of_authors(outputs):
    return {"logits": outputs["pred_logits"], "boxes": outputs["pred_boxes"]}


def _lyuwenyu(spec):
    """`model` reads "v1/18", "v1/50m" or "v2/18-dsp"."""
    version, what = spec.model.split("/")
    depth, _, discrete = what.partition("-")
    return lyuwenyu_rtdetr(int(version[1]), int(depth.removesuffix("m")), depth.endswith("m"), bool(discrete))


LIBRARIES = {
    "timm": Library(_timm, _timm_size, _timm_outputs),
    "small": Library(lambda spec: small.CLASSIFIERS[spec.model](), lambda module, spec: (small.SIDE,) * 2, _timm_outputs),
    "torchvision": Library(_torchvision, _torchvision_size, lambda module, images: {"logits": module(images)}),
    "transformers": Library(_transformers, _transformers_size, _transformers_outputs, _transformers_state),
    "facebookresearch": Library(_facebook, lambda module, spec: _DETECTOR_SIZES["Detr"], _facebook_outputs),
    "lyuwenyu": Library(_lyuwenyu, lambda module, spec: (640, 640), lambda module, images: _of_authors(module(images))),
    "lukemelas": Library(
        _lukemelas, lambda module, spec: (_lukemelas_side(spec),) * 2, lambda module, images: {"logits": module(images)}
    ),
}


def relative_error(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """Largest difference in standard deviations of the reference."""
    return ((ours.double() - theirs.double()).abs().max() / theirs.double().std()).item()
