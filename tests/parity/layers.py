"""`vitral compare` against what hooks see in timm's networks: the error of every layer between two checkpoints."""

from functools import partial

import containers
import timm
import torch
from safetensors.torch import save_file

from cases import Bench, Case, Tier
from program import Failed
from references import Reference, Spec

LIMIT = 1e-3  # of each error: both sides round in float32


def _heard(module, images):
    """name of ours -> tensor. Our layers end with what is fused into them: activations and residuals."""
    heard, hooks = {}, []

    def output(ours, theirs):
        return theirs.register_forward_hook(lambda _, __, result: heard.__setitem__(ours, result.clone()))

    def entering(ours, theirs):
        return theirs.register_forward_pre_hook(lambda _, given: heard.__setitem__(ours, given[0].clone()))

    hooks += [output(name, module.get_submodule(name)) for name in ("patch_embed.proj", "norm", "head")]
    for number, block in enumerate(module.blocks):
        own = f"blocks.{number}."
        hooks += [output(own + name, block.get_submodule(name)) for name in ("norm1", "attn.qkv", "norm2")]
        hooks.append(entering(own + "attn.proj", block.norm2))
        hooks.append(output(own + "mlp.fc1", block.mlp.act))
        hooks.append(output(own + "mlp.fc2", block))
    with torch.inference_mode():
        module(images)
    for hook in hooks:
        hook.remove()
    return heard


def _errors(a, b):
    a, b = a.double().flatten(), b.double().flatten()
    return {
        "relative": ((a - b).norm() / a.norm()).item(),
        "max_abs": (a - b).abs().max().item(),
        "cosine": (a @ b / (a.norm() * b.norm())).item(),
    }


def against_hooks(name, changed, bench: Bench):
    reference = Reference(Spec("timm", name))
    other = {key: value.clone() for key, value in reference.state.items()}
    noise = torch.randn(other[changed].shape, generator=torch.Generator().manual_seed(3))
    other[changed] += 0.05 * other[changed].std() * noise
    with bench.room() as folder:
        (folder / "b").mkdir()
        files = containers.safetensors(reference.state, folder), containers.safetensors(other, folder / "b")
        save_file({"images": reference.images.contiguous()}, folder / "in.safetensors")
        report = bench.program.succeed(
            "compare", *files, folder / "in.safetensors", "-m", name, "--tol", "1e-6", "--json", "-"
        ).json()
    module = timm.create_model(name).eval()
    seen = []
    for state in (reference.state, other):
        module.load_state_dict(state)
        seen.append(_heard(module, reference.images))
    if report["first"]["layer"] != changed.removesuffix(".weight"):
        raise Failed(f"the first layer is {report['first']['layer']}, {changed} was changed")
    ours = {layer["layer"]: layer for layer in report["layers"]}
    if set(ours) != set(seen[0]):
        raise Failed(f"layers differ: {sorted(set(ours) ^ set(seen[0]))[:5]}")
    worst = 0.0
    for layer, a in seen[0].items():
        for kind, theirs in _errors(a, seen[1][layer]).items():
            off = abs(ours[layer][kind] - theirs) / (1.0 if kind == "cosine" else max(theirs, 1e-6))
            if not off <= LIMIT:
                raise Failed(f"{layer}: {kind} is {ours[layer][kind]:.6e}, hooks see {theirs:.6e}")
            worst = max(worst, off)
    return f"{len(ours)} layers, {worst:.1e}"


def layer_cases():
    return [
        Case("compare", "vit_tiny_patch16_224", "timm", changed, partial(against_hooks, "vit_tiny_patch16_224", changed), Tier.FAST)
        for changed in ("blocks.5.mlp.fc1.weight", "blocks.0.attn.qkv.weight")
    ]
