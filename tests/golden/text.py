"""Writes text.json: what torch.nn.Transformer and transformers' BERT make of hashed weights.

Needs torch and transformers.
Usage: python tests/golden/text.py
"""

import json
import math
import pathlib
import re

import torch
import transformers

import hashed

TOKENS, DIM, HEADS, HIDDEN, DEPTH = 9, 16, 2, 32, 2
SOURCE = [[3, 8, 4, 5, 7, 6], [5, 5, 3, 4, 0, 0]]
TARGET = [[1, 4, 8, 3, 6], [1, 7, 7, 5, 4]]


def torch_name(ours):
    """Our name of a parameter of the layers, as torch.nn.Transformer has it."""
    name = ours.replace("self_attn.qkv.", "self_attn.in_proj_").replace("cross_attn.qkv.", "multihead_attn.in_proj_")
    name = name.replace("self_attn.proj.", "self_attn.out_proj.").replace("cross_attn.proj.", "multihead_attn.out_proj.")
    return name.replace("mlp.fc1.", "linear1.").replace("mlp.fc2.", "linear2.")


def our_names(module):
    reverse = [
        ("self_attn.in_proj_", "self_attn.qkv."),
        ("multihead_attn.in_proj_", "cross_attn.qkv."),
        ("self_attn.out_proj.", "self_attn.proj."),
        ("multihead_attn.out_proj.", "cross_attn.proj."),
        ("linear1.", "mlp.fc1."),
        ("linear2.", "mlp.fc2."),
    ]
    names = {}
    for name, parameter in module.named_parameters():
        for theirs, ours in reverse:
            name = name.replace(theirs, ours)
        names[name] = tuple(parameter.shape)
    return names


def sines(length):
    place = torch.arange(length, dtype=torch.float32)[:, None]
    period = torch.pow(10000.0, torch.arange(0, DIM, 2, dtype=torch.float32) / DIM)
    table = torch.zeros(length, DIM)
    table[:, 0::2], table[:, 1::2] = torch.sin(place / period), torch.cos(place / period)
    return table


def transformer(norm_first):
    module = torch.nn.Transformer(DIM, HEADS, DEPTH, DEPTH, HIDDEN, 0.0, batch_first=True, norm_first=norm_first).eval()
    shapes = our_names(module) | {"source_embed.weight": (TOKENS, DIM), "target_embed.weight": (TOKENS, DIM)}
    state = hashed.parameters(shapes)
    embeds = {side: state.pop(f"{side}_embed.weight") for side in ("source", "target")}
    module.load_state_dict({torch_name(name): value for name, value in state.items()})
    source, target = torch.tensor(SOURCE), torch.tensor(TARGET)

    def embedded(side, ids):
        return embeds[side][ids] * math.sqrt(DIM) + sines(ids.shape[1])

    with torch.no_grad():
        result = module(
            embedded("source", source),
            embedded("target", target),
            tgt_mask=torch.nn.Transformer.generate_square_subsequent_mask(target.shape[1]),
            src_key_padding_mask=source == 0,
            memory_key_padding_mask=source == 0,
        )
    return {"norm_first": norm_first, "logits": (result @ embeds["target"].T).flatten().tolist()}


def bert_name(theirs):
    name = theirs.removeprefix("bert.")
    for pattern, ours in (
        (r"embeddings\.word_embeddings", "embed.word"),
        (r"embeddings\.position_embeddings", "embed.position"),
        (r"embeddings\.token_type_embeddings", "embed.type"),
        (r"embeddings\.LayerNorm", "embed.norm"),
        (r"encoder\.layer\.", "encoder.layers."),
        (r"attention\.output\.dense", "self_attn.proj"),
        (r"attention\.output\.LayerNorm", "norm1"),
        (r"intermediate\.dense", "mlp.fc1"),
        (r"output\.dense", "mlp.fc2"),
        (r"output\.LayerNorm", "norm2"),
        (r"pooler\.dense", "pooler"),
        (r"cls\.predictions\.transform\.dense", "transform"),
        (r"cls\.predictions\.transform\.LayerNorm", "transform_norm"),
        (r"cls\.predictions\.bias", "head_bias"),
    ):
        name = re.sub(pattern, ours, name)
    return name


def bert():
    config = transformers.BertConfig(
        vocab_size=TOKENS,
        hidden_size=DIM,
        num_hidden_layers=DEPTH,
        num_attention_heads=HEADS,
        intermediate_size=HIDDEN,
        max_position_embeddings=12,
        attn_implementation="eager",
    )
    module = transformers.BertForPreTraining(config).eval()
    parameters = dict(module.named_parameters())
    shapes, packed = {}, re.compile(r"attention\.self\.(query|key|value)")
    for name, parameter in parameters.items():
        if "seq_relationship" in name or "decoder" in name:
            continue
        ours, shape = bert_name(packed.sub("self_attn.qkv", name)), tuple(parameter.shape)
        shapes[ours] = (3 * shape[0], *shape[1:]) if packed.search(name) else shape
    state = hashed.parameters(shapes)
    with torch.no_grad():
        for name, parameter in parameters.items():
            if "seq_relationship" in name or "decoder" in name:
                continue
            value = state[bert_name(packed.sub("self_attn.qkv", name))]
            if found := packed.search(name):
                value = value.chunk(3)[("query", "key", "value").index(found[1])]
            parameter.copy_(value)
        ids = torch.tensor(SOURCE)
        types = torch.tensor([[0, 0, 0, 1, 1, 1], [0, 1, 1, 1, 0, 0]])
        outputs = module(ids, attention_mask=(ids != 0).long(), token_type_ids=types, output_hidden_states=True, output_attentions=True)
        pooled = module.bert(ids, attention_mask=(ids != 0).long(), token_type_ids=types).pooler_output
    with_names = sorted(name for name in module.state_dict() if not name.endswith("position_ids"))
    return {
        "types": types.tolist(),
        "names": with_names,
        "states": outputs.hidden_states[-1].flatten().tolist(),
        "pooled": pooled.flatten().tolist(),
        "logits": outputs.prediction_logits.flatten().tolist(),
        "attention": outputs.attentions[1].flatten().tolist(),
    }


def main():
    golden = {"source": SOURCE, "target": TARGET, "transformers": [transformer(False), transformer(True)], "bert": bert()}
    text = json.dumps(golden, separators=(",", ":"))
    rounded = re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda number: f"{float(number[0]):.7g}", text)
    (pathlib.Path(__file__).parent / "text.json").write_text(rounded + "\n")


if __name__ == "__main__":
    main()
