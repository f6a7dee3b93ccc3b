"""The one published checkpoint that needs no model hub: EfficientNet-Lite0 on real photographs."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import torch
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image, ImageOps

import pixels
from cases import Bench, Case, Tier
from forward import compare, forward
from program import Failed, Skipped

DEPENDENCIES = Path(__file__).resolve().parents[2] / ".deps"
SCORE_LIMIT = 1e-4  # of probabilities


def _files():
    weights = sorted((DEPENDENCIES / "efficientnet-lite0").glob("*.pth"))
    photographs = sorted((DEPENDENCIES / "photographs").glob("*.jpg"))
    if not weights or not photographs:
        raise Skipped(f"no weights and photographs in {DEPENDENCIES}: './run setup' fetches them")
    return weights[0], photographs


def _network(weights):
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(weights, weights_only=True), strict=True)
    return network.eval()


def _forward(bench: Bench):
    weights, _ = _files()
    images = torch.randn(4, 3, 224, 224, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        expected = {"logits": _network(weights)(images)}
    reference = SimpleNamespace(images=images, mask=None)
    with bench.room() as folder:
        return compare(forward(bench.program, folder, "efficientnet_lite0", weights, reference), expected)


def _classify(bench: Bench):
    weights, photographs = _files()
    transform = pixels.timm_transform("tf_efficientnet_lite0")
    images = torch.stack(
        [transform.apply(ImageOps.exif_transpose(Image.open(path)).convert("RGB")) for path in photographs]
    )
    with torch.inference_mode():
        scores, ids = _network(weights)(images).softmax(1).topk(5)
    outcome = bench.program.succeed(
        "classify", "-m", "efficientnet_lite0", "-w", weights, "--topk", "5", "--json", "-", *photographs
    )
    *records, summary = outcome.records()
    if summary["schema"] != "vitral.summary/1" or summary["frames_out"] != len(photographs):
        raise Failed(f"the last record is no summary of {len(photographs)} pictures: {summary}")
    worst = 0.0
    for path, record, best_scores, best_ids in zip(photographs, records, scores.tolist(), ids.tolist(), strict=True):
        if record["source"] != str(path):
            raise Failed(f"a record of {record['source']} where {path} is expected")
        ours = [entry["class_id"] for entry in record["classes"]]
        if ours != best_ids:
            raise Failed(f"{path.name}: classes {ours} instead of {best_ids}")
        worst = max(worst, *(abs(entry["score"] - score) for entry, score in zip(record["classes"], best_scores)))
    if worst > SCORE_LIMIT:
        raise Failed(f"scores differ by up to {worst:.1e}")
    return f"{len(photographs)} photographs, {worst:.0e}"


def published_cases():
    case = partial(Case, model="efficientnet_lite0", origin="original", tier=Tier.FAST)
    return [
        case(area="forward", variant="published-file", check=_forward),
        case(area="classify", variant="photographs", check=_classify),
    ]
