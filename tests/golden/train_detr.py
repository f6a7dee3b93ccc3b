"""Writes train_detr.json: the losses of 20 steps of training of a small DETR of transformers with hashed weights, whose
objects SciPy assigns.

Needs torch, transformers and scipy. Usage: python tests/golden/train_detr.py
"""
import copy
import json
import pathlib
import re

import torch
import transformers
from transformers import DetrConfig, DetrForObjectDetection, ResNetConfig
from transformers.loss.loss_for_object_detection import ForObjectDetectionLoss

import hashed

STEPS, CLASSES, QUERIES, OBJECTS = 20, 4, 8, (3, 0, 2)
LR = 1e-4

# Names of transformers' modules and ours, in which q, k and v are one.
NAMES = [
    (r"model\.backbone\.(conv_encoder\.)?model\.embedder\.embedder\.convolution", "backbone.conv1"),
    (r"model\.backbone\.(conv_encoder\.)?model\.encoder\.stages\.(\d)\.layers\.(\d)\.layer\.(\d)\.convolution",
     lambda m: f"backbone.layer{int(m[2]) + 1}.{m[3]}.conv{int(m[4]) + 1}"),
    (r"model\.backbone\.(conv_encoder\.)?model\.encoder\.stages\.(\d)\.layers\.(\d)\.shortcut\.convolution",
     lambda m: f"backbone.layer{int(m[2]) + 1}.{m[3]}.downsample.0"),
    (r"model\.(encoder|decoder)\.layers", r"\1.layers"),
    (r"encoder_attn_layer_norm", "norm2"),
    (r"encoder_attn\.", "cross_attn."),
    (r"(self|cross)_attn\.(out_proj|o_proj)", r"\1_attn.proj"),
    (r"self_attn_layer_norm", "norm1"),
    (r"(encoder\.layers\.\d)\.final_layer_norm", r"\1.norm2"),
    (r"(decoder\.layers\.\d)\.final_layer_norm", r"\1.norm3"),
    (r"layers\.(\d)\.fc", r"layers.\1.mlp.fc"),
    (r"model\.decoder\.layernorm", "decoder.norm"),
    (r"model\.input_projection", "input_proj"),
    (r"model\.query_position_embeddings\.weight", "query_embed"),
    (r"class_labels_classifier", "class_embed"),
    (r"bbox_predictor", "bbox_embed"),
]


def own_name(name):
    for pattern, replacement in NAMES:
        name = re.sub(pattern, replacement, name)
    return name


def network():
    backbone = ResNetConfig(
        embedding_size=16, hidden_sizes=[16, 32, 64, 128], depths=[1, 1, 1, 1], layer_type="basic", hidden_act="relu",
        out_features=["stage4"],
    )
    config = DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, backbone_config=backbone,
        num_queries=QUERIES, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, dropout=0.0, attention_dropout=0.0,
        activation_dropout=0.0, auxiliary_loss=False, num_labels=CLASSES,
    )
    return DetrForObjectDetection(config)


def loss_of(model, images, labels):
    """Also of the layers before the last one. With its own auxiliary_loss, transformers 5.23 gives a layer's *normed* result
    to the next layer, which the authors' code does not; so each layer's result is normed here, beside its way on.
    """
    states = []
    decoder = model.model.decoder
    hooks = [layer.register_forward_hook(lambda _, __, state: states.append(state)) for layer in decoder.layers]
    outputs = model(pixel_values=images, pixel_mask=torch.ones(images[:, 0].shape))
    for hook in hooks:
        hook.remove()
    states = [decoder.layernorm(state) for state in states]
    classes = torch.stack([model.class_labels_classifier(state) for state in states])
    boxes = torch.stack([model.bbox_predictor(state).sigmoid() for state in states])
    assert torch.equal(classes[-1], outputs.logits)
    config = copy.copy(model.config)
    config.auxiliary_loss = True
    return ForObjectDetectionLoss(classes[-1], labels, "cpu", boxes[-1], config, classes, boxes)[0]


def fill(model):
    """Weights by our names, of which a packed one falls apart into three of transformers'."""
    parts = {}
    for name, parameter in model.named_parameters():
        mine = own_name(name)
        packed = re.sub(r"\.[qkv]_proj\.", ".qkv.", mine)
        parts.setdefault(packed, []).append((re.search(r"\.([qkv])_proj\.", mine), parameter))
    shapes = {}
    for name, of in parts.items():
        shape = list(of[0][1].shape)
        shape[0] *= len(of)
        shapes[name] = tuple(shape)
    with torch.no_grad():
        for name, value in hashed.parameters(shapes).items():
            rows = parts[name]
            for piece, parameter in rows:
                place = "qkv".index(piece[1]) if piece else 0
                parameter.copy_(value.chunk(len(rows))[place])
    return sorted(shapes)


def targets():
    result = []
    for picture, count in enumerate(OBJECTS):
        labels = ((hashed.hashed((count,), 60 + picture) + 0.5) * CLASSES).long()
        result.append({"class_labels": labels, "boxes": torch.sigmoid(hashed.hashed((count, 4), 50 + picture, 0, 4))})
    return result


def main():
    torch.manual_seed(0)
    model = network()
    names = fill(model)
    model.train()
    backbone = [p.requires_grad_() for n, p in model.named_parameters() if "backbone" in n]
    others = [p for n, p in model.named_parameters() if "backbone" not in n]
    groups = [{"params": backbone, "lr": 0.1 * LR}, {"params": others, "lr": LR}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0, foreach=False)
    images = hashed.pictures(len(OBJECTS), 96, 128)
    losses = []
    for _ in range(STEPS):
        loss = loss_of(model, images, targets())
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(backbone + others, 0.1)
        optimizer.step()
    golden = {
        "libraries": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__},
        "parameters": names,
        "losses": losses,
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
