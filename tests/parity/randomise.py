"""Seeded random weights that leave no tensor at a value behind which a mistake could hide.

A fresh network has norms of ones, biases of zeros and running statistics of (0, 1): swapping two of them changes
nothing. Here every tensor is drawn, on a scale that keeps signals of depth 50 near unit size.
"""

import math
import re

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

_INITIALISERS = {
    "normal_",
    "uniform_",
    "erfinv_",
    "trunc_normal_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "xavier_uniform_",
    "xavier_normal_",
    "constant_",
    "zeros_",
    "ones_",
}


class NoInitialisation(TorchFunctionMode):
    """Makes constructors leave parameters as they are: they are drawn afterwards, and erfinv of 600 million is slow."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(function, "__name__", "") in _INITIALISERS:
            return args[0] if args else kwargs["tensor"]
        return function(*args, **kwargs)


def randomise(model: nn.Module, images: torch.Tensor, seed: int, calm: bool = False) -> None:
    """Draws all parameters, then sets running statistics near what `images` give.

    `calm`: deep detectors of unit gain are chaotic: what float32 and float64 make of them differs by up to 100 %. With
    projections of half the size and residual branches of a fifth it is 1e-5 of a standard deviation, and their
    queries still differ.
    """
    generator = torch.Generator().manual_seed(seed)
    norms = {name: each for name, each in model.named_modules() if isinstance(each, nn.modules.batchnorm._BatchNorm)}
    with torch.no_grad():
        for module in model.modules():
            for name, parameter in module.named_parameters(recurse=False):
                _draw(module, name, parameter, generator)
                if calm and "Conv" not in type(module).__name__ and "weight" in name and parameter.dim() == 2:
                    parameter *= 1 if isinstance(module, nn.Embedding) else 0.5
        for name in _ends_of_branches(norms) if calm else ():
            norms[name].weight *= 0.2
        model.eval()
        _calibrate_frozen(model, images, generator)  # backbones, below everything else
        _calibrate(model, images, generator)


def _normal(tensor, std, generator, mean=0.0):
    tensor.normal_(mean, std, generator=generator)


def _draw(module, name, parameter, generator):
    kind = type(module).__name__
    if "Norm" in kind:
        _normal(parameter, 0.2, generator, mean=1.0 if name in ("weight", "gamma") else 0.0)
    elif kind == "Embedding":  # object queries: they have to differ
        _normal(parameter, 1.0, generator)
    elif "bias" in name:
        _normal(parameter, 0.2, generator)
    elif parameter.dim() >= 2 and "weight" in name:
        fan_in = math.prod(parameter.shape[1:])
        _normal(parameter, 1 / math.sqrt(fan_in), generator)
    elif name == "logit_scale":  # Swin v2's temperatures, some beyond the clamp at ln(100)
        parameter.uniform_(0.5, 5.2, generator=generator)
    elif parameter.dim() == 1:  # layer scales
        parameter.uniform_(0.3, 1.0, generator=generator)
    else:  # tokens and position tables
        _normal(parameter, 0.5, generator)


def _calibrate(model, images, generator):
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    model(images)
    for norm, momentum in zip(norms, momenta):
        norm.eval()
        norm.momentum = momentum
        noise = torch.randn(norm.running_mean.shape, generator=generator)
        norm.running_mean += 0.3 * noise * norm.running_var.sqrt()
        norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.6, 1.6, generator=generator)
        norm.running_var += 1e-3
        norm.num_batches_tracked.fill_(12345)


_NORM_OF_BRANCH = re.compile(r"(.*)(?:bn|branch2|layer\.)([1-3a-c])(?:\.norm|\.normalization|)$")


def _ends_of_branches(names):
    """The last norm of every residual branch: torchvision's bn3, lyuwenyu's branch2c.norm, transformers' layer.N."""
    last = {}
    for name in names:
        if found := _NORM_OF_BRANCH.match(name):
            last[found[1]] = max(last.get(found[1], ""), name)
    return set(last.values())


def _calibrate_frozen(model, images, generator):
    """Frozen norms hold all four tensors as buffers and never look at their input: here they do, once."""
    frozen = {name: each for name, each in model.named_modules() if "FrozenBatchNorm" in type(each).__name__}
    if not frozen:
        return

    def settle(norm, inputs):
        (x,) = inputs
        mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
        noise = torch.randn(mean.shape, generator=generator)
        norm.running_mean.copy_(mean + 0.3 * noise * variance.sqrt())
        norm.running_var.copy_(variance * torch.empty_like(mean).uniform_(0.6, 1.6, generator=generator) + 1e-3)

    ends = _ends_of_branches(frozen)
    for name, norm in frozen.items():
        _normal(norm.weight, 0.2, generator, mean=1.0)
        if name in ends:
            norm.weight *= 0.2
        _normal(norm.bias, 0.2, generator)
    hooks = [norm.register_forward_pre_hook(settle) for norm in frozen.values()]
    model(images)
    for hook in hooks:
        hook.remove()
