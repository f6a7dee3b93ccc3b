"""Full-size networks of the real libraries with seeded random weights: what the program is compared with."""

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


class Reference:
    """A network, an input and what the library makes of it."""

    def __init__(self, spec: Spec):
        self.spec = spec
        self.library = LIBRARIES[spec.library]
        self.module = self.untouched(spec).eval()
        height, width = self.library.input_size(self.module, spec)
        generator = torch.Generator().manual_seed(spec.seed + 1000)
        self.images = torch.randn(spec.batch, 3, height, width, generator=generator)
        randomise(self.module, self.images, spec.seed)

    @staticmethod
    def untouched(spec):
        """The network as the library builds it; its weights mean nothing yet."""
        with NoInitialisation():
            return LIBRARIES[spec.library].build(spec)

    def outputs(self, images=None) -> dict[str, torch.Tensor]:
        with torch.inference_mode():
            return self.library.outputs(self.module, self.images if images is None else images)

    @cached_property
    def expected(self):
        return self.outputs()

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
        for name in ("expected", "state"):
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
    config.num_labels = 1000 if spec.classes is None else spec.classes
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


def _transformers_size(module, spec):
    return (spec.size or 224,) * 2


def _transformers_outputs(module, images):
    outputs = module(images)
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


LIBRARIES = {
    "timm": Library(_timm, _timm_size, _timm_outputs),
    "torchvision": Library(_torchvision, _torchvision_size, lambda module, images: {"logits": module(images)}),
    "transformers": Library(_transformers, _transformers_size, _transformers_outputs, _transformers_state),
    "lukemelas": Library(
        _lukemelas, lambda module, spec: (_lukemelas_side(spec),) * 2, lambda module, images: {"logits": module(images)}
    ),
}


def relative_error(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """Largest difference in standard deviations of the reference."""
    return ((ours.double() - theirs.double()).abs().max() / theirs.double().std()).item()
