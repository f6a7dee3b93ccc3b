"""Writes nms.json: what torchvision.ops.nms and batched_nms keep of thousands of small random sets of boxes.

Numbers come from MT19937, which std::mt19937 repeats; the kept places of a set are stored as an FNV-1a checksum.
Made with torchvision 0.26.0 and torch 2.11.0: python tests/golden/nms.py
"""

import json
import pathlib

import numpy
import torch
from torchvision.ops import batched_nms, nms
from torchvision.ops.boxes import _batched_nms_vanilla

CASES = 3000
MOST = 70


class Words:
    """32-bit numbers of MT19937 under a seed."""

    def __init__(self, seed, count):
        self.words = numpy.frombuffer(numpy.random.RandomState(seed).bytes(4 * count), "<u4")
        self.next = 0

    def below(self, limit):
        self.next += 1
        return int(self.words[self.next - 1]) % limit


def scene(seed, count):
    """Every third scene on a coarse grid with few scores, so that equal boxes, scores and overlaps abound."""
    words = Words(seed, 8 * count + 8)
    coarse = seed % 3 == 0
    unit = numpy.float32(8 if coarse else 0.125)
    boxes, scores, classes = [], [], []
    for _ in range(count):
        left, top, width, height = (words.below(limit) for limit in ((12, 12, 8, 8) if coarse else (800, 800, 400, 400)))
        boxes.append([left * unit, top * unit, (left + width) * unit, (top + height) * unit])
        scores.append(numpy.float32(words.below(6 if coarse else 10000)) / numpy.float32(16384))
        classes.append(words.below(4))
    return torch.tensor(numpy.array(boxes, "f4")).view(-1, 4), torch.tensor(numpy.array(scores, "f4")), torch.tensor(classes).long()


def threshold(seed):
    return (0.5, 0.7, 0.65, 0.3, 1 / 3, 0.0)[seed % 6]


def checksum(kept):
    value = 2166136261
    for place in kept.tolist():
        value = ((value ^ place) * 16777619) & 0xFFFFFFFF
    return value


def vanilla(boxes, scores, classes, limit):
    """The exact form's set. Its order among equal scores is left open by an unstable sort: here the earlier comes first."""
    kept = _batched_nms_vanilla(boxes, scores, classes, limit).sort()[0]
    return kept[scores[kept].sort(descending=True, stable=True)[1]]


def case(seed):
    boxes, scores, classes = scene(seed, seed % (MOST + 1))
    limit = threshold(seed)
    kept = nms(boxes, scores, limit), vanilla(boxes, scores, classes, limit), batched_nms(boxes, scores, classes, limit)
    return [checksum(each) for each in kept]


def large(seed, count):
    boxes, scores, classes = scene(seed, count)
    exact = vanilla(boxes, scores, classes, 0.65)
    kept = nms(boxes, scores, 0.65), exact if count > 1000 else batched_nms(boxes, scores, classes, 0.65)
    assert set(kept[1].tolist()) == set(batched_nms(boxes, scores, classes, 0.65).tolist())
    return dict(seed=seed, count=count, kept=[len(each) for each in kept], sums=[checksum(each) for each in kept])


def main():
    golden = dict(cases=[case(seed) for seed in range(CASES)], large=[large(7, 999), large(7, 1001), large(8, 3000), large(9, 3000)])
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


main()
