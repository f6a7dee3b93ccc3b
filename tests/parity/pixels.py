"""`vitral preprocess` against the libraries' own evaluation transforms, on pictures of every mode and container."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import timm
import torch
from safetensors.torch import load_file
from timm.data import create_transform, resolve_data_config
from torchvision.models import get_model_weights
from transformers import ConvNextImageProcessorPil, DeiTImageProcessorPil, ViTImageProcessorPil

import pictures
from cases import Bench, Case, Tier
from program import Failed

FLOAT_LIMIT = 1e-6  # of normalised values; grey levels have to be equal
_IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
_HALF = ([0.5] * 3, [0.5] * 3)


@dataclass(frozen=True)
class Transform:
    """A library's transform and the statistics that it normalises with."""

    apply: Callable  # PIL picture -> tensor [3, H, W]
    mean: list
    std: list


def timm_transform(name):
    config = resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(name).to_dict())
    return Transform(create_transform(**config, is_training=False), config["mean"], config["std"])


def _torchvision(name, weights):
    transform = get_model_weights(name)[weights].transforms()
    return Transform(transform, transform.mean, transform.std)


def _transformers(processor, statistics, **options):
    mean, std = statistics
    instance = processor(image_mean=mean, image_std=std, **options)
    return Transform(lambda image: instance(image, return_tensors="pt")["pixel_values"][0], mean, std)


def _square(side):
    return {"height": side, "width": side}


def _vit(side):
    return partial(_transformers, ViTImageProcessorPil, _HALF, size=_square(side), resample=2)


def _deit(resize, side):
    return partial(
        _transformers, DeiTImageProcessorPil, _IMAGENET, size=_square(resize), crop_size=_square(side), resample=3
    )


def _resnet(side):
    size = {"shortest_edge": side}
    return partial(_transformers, ConvNextImageProcessorPil, _IMAGENET, size=size, crop_pct=0.875, resample=3)


# Names that select another library's preprocessing.
OTHERS = {
    "vit_b_16": partial(_torchvision, "vit_b_16", "IMAGENET1K_V1"),
    "vit_b_16_swag_e2e": partial(_torchvision, "vit_b_16", "IMAGENET1K_SWAG_E2E_V1"),
    "vit_b_16_swag_linear": partial(_torchvision, "vit_b_16", "IMAGENET1K_SWAG_LINEAR_V1"),
    "vit_b_32": partial(_torchvision, "vit_b_32", "IMAGENET1K_V1"),
    "vit_l_16": partial(_torchvision, "vit_l_16", "IMAGENET1K_V1"),
    "vit_l_16_swag_e2e": partial(_torchvision, "vit_l_16", "IMAGENET1K_SWAG_E2E_V1"),
    "vit_l_32": partial(_torchvision, "vit_l_32", "IMAGENET1K_V1"),
    "vit_h_14": partial(_torchvision, "vit_h_14", "IMAGENET1K_SWAG_E2E_V1"),
    "vit_h_14_swag_linear": partial(_torchvision, "vit_h_14", "IMAGENET1K_SWAG_LINEAR_V1"),
    "vit_base_patch16_224.google/vit-base-patch16-224": _vit(224),
    "vit_large_patch32_384.google/vit-large-patch32-384": _vit(384),
    "deit_tiny_patch16_224.facebook/deit-tiny-patch16-224": _deit(256, 224),
    "deit_base_distilled_patch16_384.facebook/deit-base-distilled-patch16-384": _deit(438, 384),
    "resnet50.microsoft/resnet-50": _resnet(224),
}

# timm's tags whose preprocessing differs from that of the plain name.
TAGS = (
    "vit_base_patch16_224.dino",
    "vit_base_patch16_224_miil.in21k_ft_in1k",
    "deit3_base_patch16_224.fb_in22k_ft_in1k",
    "resnet50.a1h_in1k",
    "resnet50.tv_in1k",
    "resnet50.tv2_in1k",
    "resnet50.a3_in1k",
    "resnet50.gluon_in1k",
    "resnet34.ra4_e3600_r224_in1k",
    "resnet101d.ra2_in1k",
    "resnet50d.ra4_e3600_r224_in1k",
    "resnet18.tv_in1k",
)

# One of each kind of arithmetic sees every picture, the others a few odd shapes.
THOROUGH = (
    "vit_base_patch16_224",
    "resnet50",
    "resnet50.tv_in1k",
    "deit3_small_patch16_384",
    "efficientnet_lite0",
    "vit_b_16",
    "vit_l_16",
    "vit_base_patch16_224.google/vit-base-patch16-224",
    "deit_tiny_patch16_224.facebook/deit-tiny-patch16-224",
    "resnet50.microsoft/resnet-50",
)
FEW = ("size-333x500.png", "size-1023x77.png", "size-31x29.png", "size-640x480.jpg", "exif-6.jpg")


def _images(folder):
    folder.mkdir(exist_ok=True)
    return pictures.make(folder)


def check(model: str, make: Callable[[], Transform], thorough: bool, bench: Bench) -> str:
    made = bench.once("pictures", partial(_images, bench.folder / "pictures"))
    chosen = [picture for picture in made if thorough or picture.name in FEW]
    transform = make()
    with bench.room() as folder:
        bench.program.succeed(
            "preprocess", "-m", model, *[picture.path for picture in chosen], "-o", folder / "out.safetensors"
        )
        ours = load_file(folder / "out.safetensors")
    _sizes(ours["sizes"], chosen)
    if len(ours["images"]) != len(chosen):
        raise Failed(f"{len(ours['images'])} images for {len(chosen)} pictures")
    worst = max(_equal(image, transform, picture) for image, picture in zip(ours["images"], chosen))
    return f"{len(chosen)} pictures, {worst:.0e}"


def _sizes(sizes, chosen):
    for size, picture in zip(sizes.tolist(), chosen, strict=True):
        if size != [picture.rgb.height, picture.rgb.width]:
            raise Failed(f"{picture.name}: size {size} instead of {[picture.rgb.height, picture.rgb.width]}")


def _equal(ours, transform, picture) -> float:
    theirs = transform.apply(picture.rgb)
    if ours.shape != theirs.shape:
        raise Failed(f"{picture.name}: {list(ours.shape)} instead of {list(theirs.shape)}")
    levels = [_grey_levels(each, transform) for each in (ours, theirs)]
    unequal = (levels[0] != levels[1]).sum().item()
    if unequal:
        largest = (levels[0] - levels[1]).abs().max().item()
        raise Failed(f"{picture.name}: {unequal} of {theirs.numel()} grey levels differ, by up to {largest:.0f}")
    error = (ours - theirs).abs().max().item()
    if not error <= FLOAT_LIMIT:
        raise Failed(f"{picture.name}: grey levels are equal, normalised values differ by {error:.1e}")
    return error


def _grey_levels(image, transform):
    mean, std = (torch.tensor(values, dtype=torch.float64).view(3, 1, 1) for values in (transform.mean, transform.std))
    return ((image.double() * std + mean) * 255).round()


def pixel_cases(registered):
    """The plain name of every registered classifier, timm's tags, and the names of other libraries."""
    plain = {
        name: partial(timm_transform, name)
        for name, model in registered.items()
        if model["task"] == "classify" and timm.is_model(name)
    }
    tagged = {name: partial(timm_transform, name) for name in TAGS if name.split(".")[0] in registered}
    return [
        Case(
            "preprocess",
            model,
            origin,
            "every-picture" if model in THOROUGH else "odd-shapes",
            partial(check, model, make, model in THOROUGH),
            Tier.FAST if model in THOROUGH else Tier.DEFAULT,
        )
        for origin, makers in (("timm", plain | tagged), ("library", OTHERS))
        for model, make in makers.items()
    ]
