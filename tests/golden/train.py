"""Writes train.json: schedules of timm and torch, optimiser steps of torch and timm, groups of parameters of timm, and
the losses of 20 steps of training of small timm networks with hashed weights.

Needs torch and timm. Usage: python tests/golden/train.py
"""
import json
import pathlib

import timm
import timm.models.swin_transformer
import timm.models.vision_transformer
import torch
from timm.loss import SoftTargetCrossEntropy
from timm.optim import Lion, param_groups_layer_decay, param_groups_weight_decay
from timm.scheduler import CosineLRScheduler, StepLRScheduler

import hashed

STEPS = 20
CLASSES = 5
LR = 3e-4


def schedules():
    """Rates by step of optimiser steps 0 to 119."""

    def rates(make):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
        scheduler = make(optimizer)
        values = []
        for step in range(120):
            if hasattr(scheduler, "step_update"):
                scheduler.step_update(step)
            values.append(optimizer.param_groups[0]["lr"])
            if not hasattr(scheduler, "step_update"):
                optimizer.step()
                if step < 99:
                    scheduler.step()
        return values

    warm = dict(warmup_t=10, warmup_lr_init=0.01, t_in_epochs=False)
    return {
        "cosine": rates(lambda o: CosineLRScheduler(o, t_initial=100, lr_min=0.02, **warm)),
        "step": rates(lambda o: StepLRScheduler(o, decay_t=30, decay_rate=0.3, **warm)),
        "onecycle": rates(lambda o: torch.optim.lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=100))[:100],
    }


def optimizers():
    """A parameter [3, 4] after each of five steps with hashed gradients."""
    makers = {
        "adamw": lambda p: torch.optim.AdamW([p], lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.05),
        "sgd": lambda p: torch.optim.SGD([p], lr=0.1, momentum=0.9, weight_decay=0.05, nesterov=True),
        "sgd_plain_momentum": lambda p: torch.optim.SGD([p], lr=0.1, momentum=0.9, weight_decay=0.05),
        "lion": lambda p: Lion([p], lr=0.1, betas=(0.9, 0.99), weight_decay=0.05),
    }
    result = {}
    for name, make in makers.items():
        parameter = torch.nn.Parameter(hashed.hashed((3, 4), 1))
        optimizer = make(parameter)
        values = []
        for step in range(5):
            parameter.grad = hashed.hashed((3, 4), 10 + step)
            optimizer.step()
            values.append(parameter.detach().flatten().tolist())
        result[name] = values
    return result


def networks():
    vit = timm.models.vision_transformer.VisionTransformer(
        img_size=32, patch_size=8, embed_dim=32, depth=3, num_heads=2, num_classes=CLASSES
    )
    swin = timm.models.swin_transformer.SwinTransformer(
        img_size=32, patch_size=2, embed_dim=16, depths=(2, 2, 2, 1), num_heads=(1, 2, 2, 4), window_size=4, num_classes=CLASSES,
        drop_path_rate=0.0,
    )
    return {"vit": vit, "swin": swin}


def groups(model):
    """Names that decay, and the factor of each name's rate with a layer decay of 0.5."""
    skip = model.no_weight_decay()
    names = {id(p): n for n, p in model.named_parameters()}
    decaying = [
        names[id(p)] for g in param_groups_weight_decay(model, 0.1, no_weight_decay_list=skip) if g["weight_decay"] > 0 for p in g["params"]
    ]
    scales = {}
    for group in param_groups_layer_decay(model, 0.1, no_weight_decay_list=skip, layer_decay=0.5):
        scales.update({names[id(p)]: group["lr_scale"] for p in group["params"]})
    return {"decaying": sorted(decaying), "scales": scales}


def training(model):
    """AdamW, label smoothing, clipping and a cosine, on one batch."""
    shapes = {n: p.shape for n, p in model.named_parameters()}
    with torch.no_grad():
        for name, value in hashed.parameters(shapes).items():
            model.get_parameter(name).copy_(value)
    images = hashed.pictures(8, 32, 32)
    shares = torch.zeros(8, CLASSES)
    for i in range(8):
        shares[i, i % CLASSES] += 0.75
        shares[i, (i + 1) % CLASSES] += 0.25
    optimizer = torch.optim.AdamW(param_groups_weight_decay(model, 0.05, no_weight_decay_list=model.no_weight_decay()), lr=LR, foreach=False)
    schedule = CosineLRScheduler(optimizer, t_initial=STEPS, warmup_t=4, warmup_lr_init=1e-5, t_in_epochs=False)
    model.train()
    losses = []
    for step in range(STEPS):
        schedule.step_update(step)
        wanted = shares * 0.9 + 0.1 / CLASSES
        loss = SoftTargetCrossEntropy()(model(images), wanted)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return losses


def main():
    torch.manual_seed(0)
    golden = {
        "libraries": {"torch": torch.__version__.split("+")[0], "timm": timm.__version__},
        "schedules": schedules(),
        "optimizers": optimizers(),
        "groups": {name: groups(model) for name, model in networks().items()},
        "losses": {name: training(model) for name, model in networks().items()},
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
