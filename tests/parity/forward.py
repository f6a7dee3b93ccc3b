"""`vitral forward` against the library that a checkpoint comes from: every registered model, origin and container."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from scipy.optimize import linear_sum_assignment
from safetensors.torch import load_file, save_file

import containers
import layouts
from cases import Bench, Case, Tier
from program import Failed
from references import Reference, Spec, relative_error, transformers_files

LIMIT = 1e-4  # of the outputs' standard deviation, in fp32


@dataclass(frozen=True)
class Variant:
    """How a reference becomes a file: the layout of its names, the container, the precision that it is stored in."""

    write: Callable  # (what layout gives, folder) -> path
    layout: Callable = lambda reference: reference.state
    dtype: torch.dtype | None = None


def _state(change):
    return lambda reference: change(reference.state)


def _cast(write, dtype):
    def written(state, folder):
        return write(
            {name: value.to(dtype) if value.is_floating_point() else value for name, value in state.items()}, folder
        )

    return Variant(written, dtype=dtype)


def _wrapped(write, key):
    return Variant(lambda state, folder: write({key: state}, folder))


CONTAINERS = {
    "safetensors": Variant(containers.safetensors),
    "safetensors-fp16": _cast(containers.safetensors, torch.float16),
    "safetensors-bf16": _cast(containers.safetensors, torch.bfloat16),
    "safetensors-sharded": Variant(containers.sharded),
    "pth": Variant(containers.torch_zip),
    "pth-fp16": _cast(containers.torch_zip, torch.float16),
    "pth-bf16": _cast(containers.torch_zip, torch.bfloat16),
    "pth-model": _wrapped(containers.torch_zip, "model"),
    "pth-state_dict": _wrapped(containers.torch_zip, "state_dict"),
    "pth-views": Variant(lambda state, folder: containers.torch_zip(containers.deepened(state), folder)),
    "pth-module": Variant(containers.torch_zip, _state(layouts.prefixed("module."))),
    "pth-compiled": Variant(containers.torch_zip, _state(layouts.prefixed("_orig_mod."))),
    "pth-training": Variant(lambda state, folder: containers.torch_zip(containers.training_checkpoint(state), folder)),
    "pth-average": Variant(lambda state, folder: containers.torch_zip(containers.exponential_average(state), folder)),
    "legacy": Variant(containers.torch_legacy),
    "legacy-fp16": _cast(containers.torch_legacy, torch.float16),
    "legacy-views": Variant(lambda state, folder: containers.torch_legacy(containers.deepened(state), folder)),
    "legacy-model": _wrapped(containers.torch_legacy, "model"),
    "legacy-training": Variant(
        lambda state, folder: containers.torch_legacy(containers.training_checkpoint(state), folder)
    ),
}

CONTAINERS_OF_DETECTORS = {
    "pth-ema": Variant(lambda state, folder: containers.torch_zip(containers.average_of_lyuwenyu(state), folder)),
}

PUBLISHED = {
    "pth-published": Variant(containers.torch_zip, _state(layouts.torchvision_as_published)),
    "legacy-published": Variant(containers.torch_legacy, _state(layouts.torchvision_as_published)),
}

OTHER_LAYOUTS = {
    "pth-linear-patches": Variant(containers.torch_zip, _state(layouts.linear_patches)),
    "pth-pre-logits": Variant(containers.torch_zip, _state(layouts.with_pre_logits)),
    "pth-no-counters": Variant(containers.torch_zip, _state(layouts.without_counters)),
    "pth-backbone": Variant(containers.torch_zip, _state(layouts.prefixed("backbone."))),
    "pth-deit3": Variant(
        lambda state, folder: containers.torch_zip({"model": state}, folder), _state(layouts.deit3_original)
    ),
    "pth-huawei": Variant(containers.torch_zip, _state(layouts.huawei)),
    "legacy-huawei": Variant(containers.torch_legacy, _state(layouts.huawei)),
    "pth-huawei-no-outer-tokens": Variant(containers.torch_zip, _state(partial(layouts.huawei, outer_tokens=False))),
    "pth-microsoft": Variant(
        lambda state, folder: containers.torch_zip(containers.training_checkpoint(state), folder),
        lambda reference: layouts.microsoft(reference.state, reference.module),
    ),
    "legacy-microsoft": Variant(
        lambda state, folder: containers.torch_legacy({"model": state}, folder),
        lambda reference: layouts.microsoft(reference.state, reference.module),
    ),
    "saved-sharded": Variant(
        lambda module, folder: (
            transformers_files(module, folder, max_shard_size="5MB") / "model.safetensors.index.json"
        ),
        lambda reference: reference.module,
    ),
    "pth-older-names": Variant(containers.torch_zip, _state(layouts.faster_rcnn_as_published)),
    "pth-memory": Variant(containers.torch_zip, lambda reference: reference.module.state_dict()),
}


def _google(write=containers.npz, **style):
    return Variant(
        write, lambda reference: layouts.google(reference.state, reference.module.blocks[0].attn.num_heads, **style)
    )


GOOGLE = {
    "npz": _google(),
    "npz-compressed": _google(partial(containers.npz, compressed=True)),
    "npz-target": _google(prefix="opt/target/"),
    "npz-pre-logits": _google(pre_logits=True),
    "npz-big-vision": _google(prefix="params/", big_vision=True),
    "npz-big-vision-image": _google(prefix="params/img/", big_vision=True),
    "npz-stacked": _google(prefix="params/", big_vision=True, stacked=True),
}
GOOGLE_HALF = {
    "npz-bf16": Variant(containers.npz_bfloat16, _google(prefix="params/", big_vision=True).layout, torch.bfloat16)
}

VARIANTS = CONTAINERS | CONTAINERS_OF_DETECTORS | PUBLISHED | OTHER_LAYOUTS | GOOGLE | GOOGLE_HALF


@dataclass(frozen=True)
class Row:
    """One line of the tables: a name of ours, the network of a library behind it, and the files to make of that."""

    ours: str
    spec: Spec
    origin: str
    variants: tuple[str, ...]
    tier: Tier = Tier.DEFAULT
    flags: tuple[str, ...] = field(default=())

    def case(self, variant):
        described = variant + ("-padded" if self.spec.padded else "") + "".join(self.flags)
        return Case("forward", self.ours, self.origin, described, partial(self.check, variant), self.tier)

    def check(self, variant, bench):
        return check(self, variant, bench)


def rows(origin, tier, variants, library, names, flags=(), **options):
    """Lines with origin, variants and options in common. `names` reads "ours=theirs", or one name for both."""
    pairs = [name.split("=") for name in names.split()]
    return [
        Row(pair[0], Spec(library, pair[-1], **options), origin, tuple(variants.split()), tier, tuple(flags))
        for pair in pairs
    ]


def check(row: Row, variant_name: str, bench: Bench) -> str:
    variant = VARIANTS[variant_name]

    def make():
        reference = Reference(row.spec)
        return reference.rounded(variant.dtype) if variant.dtype else reference

    reference = bench.once((row.spec, variant.dtype), make)
    with bench.room() as folder:
        weights = variant.write(variant.layout(reference), folder)
        ours = forward(
            bench.program, folder, row.ours, weights, reference, "features" in reference.expected, row.flags
        )
    # Wider than 1e-4 for one kind of network only. The discrete sampling of RT-DETR v2 takes whole pixels: where rounding
    # moves a location over the middle between two, the sample is another pixel, not the same one with other last digits,
    # and the layers behind carry that on. No two implementations agree to 1e-4 then, and the reference does not agree with
    # itself: what is asked of us is three times how far it is from itself.
    limit = 3 * disagreement(reference) if reference.spec.takes_pixels else LIMIT
    return compare(ours, reference.expected, limit, reference.spec.chooses_queries)


def disagreement(reference) -> float:
    """How far rounding alone moves the reference: the worst of its outputs in float64, and of inputs changed by 3e-7 of
    their size, against those in float32. A third of 1e-4 at least, so that three times it never falls below 1e-4."""
    expected = reference.expected
    ordered = [as_ordered(each, expected) for each in reference.neighbours]
    return max(LIMIT / 3, *(relative_error(each[name], expected[name]) for each in ordered for name in expected))


def forward(program, folder, model, weights, reference, features=False, flags=()):
    """Runs `vitral forward` and gives the tensors of its file."""
    inputs = {"images": reference.images.contiguous()}
    if reference.mask is not None:
        inputs["mask"] = reference.mask
    save_file(inputs, folder / "in.safetensors")
    flags = [*flags, "--features"] if features else flags
    named = ["-m", model] if weights is None else ["-m", model, "-w", weights]  # a native file needs no second one
    program.succeed("forward", *named, "-i", folder / "in.safetensors", "-o", folder / "out.safetensors", *flags)
    return load_file(folder / "out.safetensors")


def as_ordered(ours, expected):
    """Networks that choose their queries by score put those of equal score in any order, and rounding decides which
    are equal: each query of theirs gets the one of ours that is nearest to it, one to one."""
    if ours["logits"].shape != expected["logits"].shape or ours["boxes"].shape != expected["boxes"].shape:
        return ours
    distances = sum(torch.cdist(expected[name].double(), ours[name].double()) for name in ("logits", "boxes"))
    order = torch.stack([torch.as_tensor(linear_sum_assignment(each.numpy())[1]) for each in distances])
    return {name: tensor.gather(1, order[..., None].expand_as(tensor)) for name, tensor in ours.items()}


def compare(ours, expected, limit=LIMIT, chosen=False) -> str:
    """`chosen`: the network chooses its queries by score."""
    if chosen and {"logits", "boxes"} <= ours.keys():
        ours = as_ordered(ours, expected)
    worst = 0.0
    for name, theirs in expected.items():
        if name not in ours:
            raise Failed(f"no tensor '{name}' in the output, only {sorted(ours)}")
        if ours[name].dtype != torch.float32 or ours[name].shape != theirs.shape:
            raise Failed(
                f"'{name}' is {ours[name].dtype} {list(ours[name].shape)} instead of float32 {list(theirs.shape)}"
            )
        error = relative_error(ours[name], theirs)
        if not error <= limit:  # also where it is no number
            raise Failed(f"'{name}' is off by {error:.1e} standard deviations, {limit:.0e} is allowed")
        worst = max(worst, error)
    return f"{worst:.1e}"
