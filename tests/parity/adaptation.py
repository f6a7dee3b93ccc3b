"""Weights adapted to another size, class count or channel count while loading, against what the origin makes of them.

Each origin has a rule of its own for position tables, heads and stems; the expected network is built and filled by that
origin's code, with the original numbers.
"""

from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import scipy.ndimage
import timm
import torch
import torchvision
from torch.nn.functional import interpolate
from torchvision.models.vision_transformer import interpolate_embeddings

import containers
import layouts
from cases import Bench, Case, Tier
from forward import compare, forward
from references import Reference, Spec, transformers_files

FEATURES = "features"  # what is compared where the head begins anew


@dataclass(frozen=True)
class Wish:
    """What the user asks for beside a name, as our flags and as timm's arguments."""

    size: int | None = None
    classes: int | None = None
    channels: int = 3

    @property
    def flags(self):
        pairs = (("--imgsz", self.size), ("--num-classes", self.classes), ("--in-chans", self.channels))
        return [str(word) for flag, value in pairs if value and value != 3 for word in (flag, value)]

    @property
    def timm(self):
        pairs = (("img_size", self.size), ("num_classes", self.classes), ("in_chans", self.channels))
        return {name: value for name, value in pairs if value and value != 3}

    def __str__(self):
        return "".join(self.flags)

    def images(self, own_size):
        side = self.size or own_size
        return torch.randn(2, self.channels, side, side, generator=torch.Generator().manual_seed(7))

    def judged(self, outputs):
        """A head of another class count is drawn at random on both sides: what it sees is compared."""
        return {FEATURES: outputs[FEATURES]} if self.classes else outputs


def _outputs(module, images):
    with torch.inference_mode():
        features = module.forward_features(images)
        return {"logits": module.forward_head(features), FEATURES: module.forward_head(features, pre_logits=True)}


def _reference(bench, library, model, **options):
    spec = Spec(library, model, **options)
    return bench.once((spec, "adaptation"), lambda: Reference(spec))


def _judge(bench, folder, name, weights, wish, images, expected, flags=()):
    inputs = SimpleNamespace(images=images, mask=None)
    ours = forward(bench.program, folder, name, weights, inputs, FEATURES in expected, [*wish.flags, *flags])
    return compare(ours, wish.judged(expected))


def by_timm(name, wish, bench: Bench):
    """timm's own loading of a file of another shape: create_model with the file and the wishes."""
    reference = _reference(bench, "timm", name)
    with bench.room() as folder:
        weights = containers.torch_zip(reference.state, folder)
        module = timm.create_model(name, pretrained=True, pretrained_cfg_overlay={"file": str(weights)}, **wish.timm)
        images = wish.images(reference.images.shape[-1])
        return _judge(bench, folder, name, weights, wish, images, _outputs(module.eval(), images))


def _filled(name, wish, state):
    """timm's network of the wished size with tables that somebody else's rule resampled."""
    module = timm.create_model(name, **wish.timm)
    missing, unexpected = module.load_state_dict(state, strict=False)
    assert not missing and not unexpected, (missing, unexpected)
    return module.eval()


def _resampled(positions, prefix, grid, resample):
    """A table [1, prefix + h * w, C] whose square part `resample` brings from [h, w, C] to `grid`."""
    side = round((positions.shape[1] - prefix) ** 0.5)
    table = positions[0, prefix:].reshape(side, side, -1)
    return torch.cat([positions[:, :prefix], resample(table, grid).reshape(1, grid * grid, -1)], 1)


def _bicubic(table, side):
    """torch's bicubic without antialiasing: DeiT's fine-tuning for positions, Swin's for bias tables."""
    resized = interpolate(table.permute(2, 0, 1)[None], size=(side, side), mode="bicubic", align_corners=False)
    return resized[0].permute(1, 2, 0)


def _zoomed(table, side):
    """google-research/vision_transformer: scipy's zoom of order 1."""
    zoom = (side / table.shape[0], side / table.shape[1], 1)
    return torch.from_numpy(scipy.ndimage.zoom(table.numpy(), zoom, order=1))


def by_deit(name, prefix, wish, bench: Bench):
    reference = _reference(bench, "timm", name)
    positions = _resampled(reference.state["pos_embed"], prefix, wish.size // 16, _bicubic)
    with bench.room() as folder:
        weights = containers.torch_zip({"model": reference.state}, folder)
        images = wish.images(None)
        module = _filled(name, wish, reference.state | {"pos_embed": positions})
        return _judge(bench, folder, name, weights, wish, images, _outputs(module, images), ["--origin", "original"])


def by_google(name, wish, bench: Bench):
    reference = _reference(bench, "timm", name)
    positions = _resampled(reference.state["pos_embed"], 1, wish.size // 16, _zoomed)
    with bench.room() as folder:
        weights = containers.npz(layouts.google(reference.state, reference.module.blocks[0].attn.num_heads), folder)
        images = wish.images(None)
        module = _filled(name, wish, reference.state | {"pos_embed": positions})
        return _judge(bench, folder, name, weights, wish, images, _outputs(module, images))


def by_microsoft(name, wish, bench: Bench):
    """A window that the map is smaller than shrinks to it, and its bias table is resampled bicubically."""
    reference = _reference(bench, "timm", name)
    with torch.no_grad():
        target = timm.create_model(name, **wish.timm).state_dict()
    state = dict(reference.state)
    for key, table in reference.state.items():
        if key.endswith("relative_position_bias_table") and table.shape != target[key].shape:
            old, new = (round(shape[0] ** 0.5) for shape in (table.shape, target[key].shape))
            state[key] = _bicubic(table.reshape(old, old, -1), new).reshape(new * new, -1)
    with bench.room() as folder:
        weights = containers.torch_zip({"model": layouts.microsoft(reference.state, reference.module)}, folder)
        images = wish.images(None)
        return _judge(bench, folder, name, weights, wish, images, _outputs(_filled(name, wish, state), images))


def by_torchvision_vit(name, theirs, wish, bench: Bench):
    reference = _reference(bench, "torchvision", theirs)
    patch = reference.module.patch_size
    with bench.room() as folder:
        weights = containers.torch_zip(reference.state, folder)
        module = torchvision.models.get_model(theirs, weights=None, image_size=wish.size)
        module.load_state_dict(interpolate_embeddings(wish.size, patch, reference.module.state_dict()))
        images = wish.images(None)
        with torch.inference_mode():
            expected = {"logits": module.eval()(images)}
        return _judge(bench, folder, name, weights, wish, images, expected)


def by_torchvision_swin(name, theirs, wish, bench: Bench):
    """torchvision's Swin takes any size as it is: windows keep their size, maps are padded."""
    reference = _reference(bench, "torchvision", theirs)
    with bench.room() as folder:
        weights = containers.torch_zip(reference.state, folder)
        images = wish.images(None)
        with torch.inference_mode():
            expected = {"logits": reference.module(images)}
        return _judge(bench, folder, name, weights, wish, images, expected)


def by_transformers(name, theirs, wish, bench: Bench):
    options = {} if "Swin" in theirs else {"interpolate_pos_encoding": True}
    reference = _reference(bench, "transformers", theirs)
    with bench.room() as folder:
        weights = transformers_files(reference.module, folder) / "model.safetensors"
        images = wish.images(None)
        with torch.inference_mode():
            expected = {"logits": reference.module(images, **options).logits}
        return _judge(bench, folder, name, weights, wish, images, expected)


def _case(tier, name, origin, wish, check, *before):
    return Case("adaptation", name, origin, str(wish), partial(check, name, *before, wish), tier)


_TIMM = {
    "vit_tiny_patch16_224": [Wish(size=384), Wish(size=112), Wish(classes=10), Wish(channels=1), Wish(channels=4)],
    "vit_tiny_patch16_384": [Wish(size=224)],
    "vit_base_patch16_224": [Wish(size=384, classes=10, channels=1)],
    "deit_tiny_distilled_patch16_224": [Wish(size=384), Wish(classes=10), Wish(channels=1)],
    "deit3_small_patch16_224": [Wish(size=384), Wish(classes=10)],
    "swin_tiny_patch4_window7_224": [Wish(size=128), Wish(size=384), Wish(classes=10), Wish(channels=1)],
    "swinv2_tiny_window8_256": [Wish(size=128), Wish(size=384), Wish(classes=10), Wish(channels=1)],
    "tnt_s_patch16_224": [Wish(size=256), Wish(classes=10)],
    "resnet18": [Wish(classes=10), Wish(channels=1), Wish(channels=5)],
    "resnet50d": [Wish(classes=10, channels=1)],
    "tf_efficientnet_lite0": [Wish(classes=10), Wish(channels=1), Wish(channels=4)],
    "efficientnet_lite0": [Wish(classes=10), Wish(channels=1)],
}


def adaptation_cases():
    fast, default = Tier.FAST, Tier.DEFAULT
    return [
        *(
            _case(default if "base" in name else fast, name, "timm", wish, by_timm)
            for name, wishes in _TIMM.items()
            for wish in wishes
        ),
        _case(fast, "deit_tiny_patch16_224", "original", Wish(size=384), by_deit, 1),
        _case(fast, "deit_tiny_distilled_patch16_224", "original", Wish(size=384), by_deit, 2),
        _case(fast, "vit_tiny_patch16_224", "jax", Wish(size=384), by_google),
        _case(fast, "vit_tiny_patch16_224", "jax", Wish(size=160), by_google),
        # Swin-Transformer's own classifier takes sizes only that its windows divide; transformers fails below its window.
        _case(fast, "swin_tiny_patch4_window7_224", "original", Wish(size=448), by_microsoft),
        _case(default, "vit_base_patch16_224", "torchvision", Wish(size=384), by_torchvision_vit, "vit_b_16"),
        _case(default, "vit_base_patch32_224", "torchvision", Wish(size=256), by_torchvision_vit, "vit_b_32"),
        _case(fast, "swin_tiny_patch4_window7_224", "torchvision", Wish(size=240), by_torchvision_swin, "swin_t"),
        _case(fast, "swin_tiny_patch4_window7_224", "torchvision", Wish(size=128), by_torchvision_swin, "swin_t"),
        _case(fast, "swinv2_tiny_window8_256", "torchvision", Wish(size=320), by_torchvision_swin, "swin_v2_t"),
        _case(fast, "vit_tiny_patch16_224", "hf", Wish(size=384), by_transformers, "ViTForImageClassification:tiny/16"),
        _case(
            fast, "deit_tiny_distilled_patch16_224", "hf", Wish(size=384), by_transformers,
            "DeiTForImageClassificationWithTeacher:tiny/16",
        ),
        _case(
            fast, "swin_tiny_patch4_window7_224", "hf", Wish(size=256), by_transformers,
            "SwinForImageClassification:tiny/7",
        ),
    ]
