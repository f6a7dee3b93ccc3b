"""`vitral explain`: attention maps and rollouts beside transformers' `output_attentions`, and Grad-CAM beside autograd."""

from functools import partial

import containers
import torch
from safetensors.torch import load_file, save_file

from cases import Bench, Case, Tier
from program import Failed
from references import Reference, Spec

LIMIT = 1e-4  # of weights, which are 0 to 1: in parts of the largest one
RELATIVE = 1e-3  # of gradients' products, in parts of the largest one


def _reference(bench, model, **options):
    return bench.once(("explain", model), lambda: Reference(Spec("transformers", model, batch=1, **options)))


def _explain(bench, reference, ours, *flags):
    """-> the raw tensors that the program writes."""
    with bench.room() as folder:
        file = containers.safetensors(reference.state, folder)
        save_file({"images": reference.images.contiguous()}, folder / "in.safetensors")
        bench.program.succeed("explain", folder / "in.safetensors", "-m", ours, "-w", file, "-o", folder / "out", "-q", *flags)
        if (folder / "out" / "index.html").stat().st_size >= 5_000_000:
            raise Failed("the page has 5 MB or more")
        return {name: tensor.clone() for name, tensor in load_file(folder / "out" / "attention.safetensors").items()}


def _attentions(reference):
    """What the library's network returns with its attentions, computed without fused kernels."""
    reference.module.set_attn_implementation("eager")
    with torch.inference_mode():
        return reference.module(reference.images, output_attentions=True)


def _compare(what, ours, theirs, limit=LIMIT):
    if ours.shape != theirs.shape:
        raise Failed(f"{what} is {list(ours.shape)}, expected {list(theirs.shape)}")
    error = ((ours.double() - theirs.double()).abs().max() / theirs.double().abs().max()).item()
    if not error <= limit:
        raise Failed(f"{what} is off by {error:.1e} of its largest number")
    return error


def global_attention(model, ours, bench: Bench):
    """ViT: every head of every layer, and the rollout that follows from them."""
    reference = _reference(bench, model)
    raw, layers = _explain(bench, reference, ours), _attentions(reference).attentions
    worst = max(_compare(f"layer {i}", raw[f"blocks.{i}.attn.weights"], layer[0]) for i, layer in enumerate(layers))
    product = torch.eye(layers[0].shape[-1])
    for layer in layers:
        product = (0.5 * layer[0].mean(0) + 0.5 * torch.eye(len(product))) @ product
    side = int((len(product) - 1) ** 0.5)
    worst = max(worst, _compare("rollout", raw["maps"], product[0, 1:].view(1, side, side)))
    return f"{len(layers)} layers and their rollout, {worst:.1e}"


def gradient_rollout(model, ours, bench: Bench):
    """The relevance of Chefer et al. by autograd over the attentions of transformers."""
    reference = _reference(bench, model)
    raw = _explain(bench, reference, ours, "--method", "gradient")
    reference.module.set_attn_implementation("eager")
    outputs = reference.module(reference.images, output_attentions=True)
    score = outputs.logits[0, outputs.logits[0].argmax()]
    relevance = torch.eye(outputs.attentions[0].shape[-1])
    for weights, slope in zip(outputs.attentions, torch.autograd.grad(score, outputs.attentions)):
        relevance = relevance + (weights * slope).clamp(min=0)[0].mean(0) @ relevance
    side = int((len(relevance) - 1) ** 0.5)
    error = _compare("relevance", raw["maps"], relevance[0, 1:].detach().view(1, side, side), RELATIVE)
    return f"{side}x{side}, {error:.1e}"


def window_attention(model, ours, bench: Bench):
    """Swin: the windows of every block, shifted or not. Our names end with the side that the network was built for."""
    reference = _reference(bench, model, size=int(ours.rsplit("_", 1)[1]))
    raw = _explain(bench, reference, ours)
    seen = []
    blocks = [each for each in reference.module.modules() if type(each).__name__ in ("SwinAttention", "Swinv2Attention")]
    hooks = [block.register_forward_hook(lambda _, __, result: seen.append(result[1])) for block in blocks]
    _attentions(reference)
    for hook in hooks:
        hook.remove()
    names = [name for name in raw if name.endswith(".weights")]
    if len(names) != len(seen):
        raise Failed(f"{len(names)} layers, transformers has {len(seen)}")
    worst = max(_compare(name, raw[name], theirs) for name, theirs in zip(names, seen))
    return f"{len(seen)} layers, {worst:.1e}"


def decoder_attention(model, ours, bench: Bench):
    """DETR: what each object query of each decoder layer looks at, and the encoder's last layer."""
    reference = _reference(bench, model)
    raw, outputs = _explain(bench, reference, ours, "--conf", "0"), _attentions(reference)
    worst = 0.0
    for i, theirs in enumerate(outputs.cross_attentions):
        worst = max(worst, _compare(f"decoder layer {i}", raw[f"decoder.layers.{i}.cross_attn.weights"], theirs[0]))
    last = len(outputs.encoder_attentions) - 1
    worst = max(worst, _compare("encoder", raw[f"encoder.layers.{last}.self_attn.weights"], outputs.encoder_attentions[-1][0]))
    return f"{last + 1} decoder layers and the encoder's last, {worst:.1e}"


def grad_cam(model, ours, bench: Bench):
    """A CNN's map by autograd over timm's features."""
    reference = bench.once(("explain", model), lambda: Reference(Spec("timm", model, batch=1)))
    raw = _explain(bench, reference, ours)
    module = reference.module
    features = module.forward_features(reference.images).detach().requires_grad_()
    logits = module.forward_head(features)
    slope = torch.autograd.grad(logits[0].max(), features)[0]
    expected = (slope.mean((2, 3), keepdim=True) * features.detach()).sum(1).relu()
    return f"{list(expected.shape[1:])}, {_compare('map', raw['maps'], expected, RELATIVE):.1e}"


def explanation_cases():
    def case(model, origin, check, named, tier=Tier.DEFAULT):
        return Case("explain", model, origin, check.__name__, partial(check, named, model), tier)

    return [
        case("vit_tiny_patch16_224", "hf", global_attention, "ViTForImageClassification:tiny/16", Tier.FAST),
        case("vit_tiny_patch16_224", "hf", gradient_rollout, "ViTForImageClassification:tiny/16", Tier.FAST),
        case("vit_base_patch16_224", "hf", global_attention, "ViTForImageClassification:base/16", Tier.FULL),
        case("swin_tiny_patch4_window7_224", "hf", window_attention, "SwinForImageClassification:tiny/7"),
        case("swinv2_tiny_window8_256", "hf", window_attention, "Swinv2ForImageClassification:tiny/8", Tier.FULL),
        case("detr_resnet50", "hf", decoder_attention, "DetrForObjectDetection:resnet50"),
        case("resnet18", "timm", grad_cam, "resnet18", Tier.FAST),
    ]
