"""`vitral forward` of detectors whose outputs are final detections: Faster R-CNN against torchvision, YOLOX against Megvii.

Detections are compared as sets. Where a score or an overlap lies at a threshold, rounding decides; so weights are drawn
until moving the thresholds a little changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from safetensors.torch import load_file, save_file
from torchvision.models import resnet50
from torchvision.models.detection import FasterRCNN, fasterrcnn_resnet50_fpn_v2
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import FrozenBatchNorm2d
from yolox.config import YoloxConfig
from yolox.utils import postprocess

import small
from cases import Bench
from forward import VARIANTS, Row
from program import Failed
from randomise import NoInitialisation, randomise
from references import Spec, plain_state

# Final detections, not raw outputs: corners are in pixels of pictures of hundreds, so that 0.05 of a pixel is 1e-4 of a
# picture of 500 (YOLOX takes the exponential of its sides, which multiplies the relative error of a logit by the side).
PIXELS = 0.05
SCORES = 1e-4  # absolute, of probabilities
SEEDS = 20
MOST = 40  # detections of a picture


@dataclass(frozen=True)
class Detected:
    boxes: torch.Tensor
    scores: torch.Tensor
    labels: torch.Tensor

    def same(self, other) -> bool:
        """The same objects in the same order; where two of one score changed places, another seed has to do."""
        if self.boxes.shape != other.boxes.shape or not torch.equal(self.labels, other.labels):
            return False
        return (self.boxes - other.boxes).abs().max().item() <= 10 * PIXELS


class Megvii:
    """`spec.size` is the longer side of the letterbox."""

    def __init__(self, spec: Spec, seed: int):
        height = spec.size * 3 // 4 // 32 * 32
        self.images = torch.rand(spec.batch, 3, height, spec.size, generator=torch.Generator().manual_seed(seed)) * 255
        self.mask = torch.zeros(spec.batch, height, spec.size, dtype=torch.bool)
        with NoInitialisation():
            self.module = small.yolox() if spec.model == "small" else YoloxConfig.get_named_config(spec.model).get_model()
        randomise(self.module, self.images, seed)
        _spread(self.module, self._decoded, ("cls_preds", 2.0), ("obj_preds", 2.0), ("reg_preds", 0.7))
        with torch.no_grad():
            for layer in self.module.head.obj_preds:  # of thousands of anchors, some would always be a toss-up
                layer.bias -= 5.0

    def _decoded(self):
        with torch.inference_mode():
            return self.module(self.images)

    @cached_property
    def decoded(self):
        return self._decoded()

    def detect(self, score_shift=0.0, nms_shift=0.0, noise=0.0):
        """`noise`: as another order of summation would make it, so that near ties of classes and boxes show."""
        generator = torch.Generator().manual_seed(1)
        decoded = self.decoded * (1 + noise * torch.randn(self.decoded.shape, generator=generator))
        found = postprocess(decoded, decoded.shape[2] - 5, 0.01 + score_shift, 0.65 + nms_shift)
        return [Detected(each[:, :4], each[:, 4] * each[:, 5], each[:, 6].long()) for each in found]

    def state(self):
        return plain_state(self.module)


class Torchvision:
    """`spec.model`: "…_fpn" with frozen norms of eps 0 as published, "…_fpn/trained" with batch norms, "…_fpn_v2"."""

    def __init__(self, spec: Spec, seed: int):
        height, width = spec.size * 3 // 4 // 32 * 32, spec.size
        self.sizes = [(height - 13 * i, width - 29 * i) for i in range(spec.batch)]
        self.images = torch.randn(spec.batch, 3, height, width, generator=torch.Generator().manual_seed(seed))
        self.mask = torch.ones(spec.batch, height, width, dtype=torch.bool)
        for image, mask, (rows, columns) in zip(self.images, self.mask, self.sizes):
            image[:, rows:] = 0
            image[:, :, columns:] = 0
            mask[:rows, :columns] = False
        with NoInitialisation():
            self.module = self._build(spec.model).eval()
        randomise(_AsClassifier(self), self.images, seed, calm=True)
        predictions = (("cls_logits", 2.0), ("rpn.head.bbox_pred", 0.4), ("cls_score", 2.5), ("predictor.bbox_pred", 1.0))
        _spread(self.module, self.detect, *predictions)
        self._thin_out()
        if not spec.model.endswith(("trained", "v2", "small")):
            _freeze(self.module.backbone.body)

    def _thin_out(self):
        """Raises the background's score until few detections are left: of hundreds that overlap, pairs of one score would
        always be a toss-up of suppression, and so would be which one is the hundredth."""
        with torch.no_grad():
            while max(len(each.labels) for each in self.detect()) > MOST:
                self.module.roi_heads.box_predictor.cls_score.bias[0] += 1

    @staticmethod
    def _build(name):
        if name == "small":
            return small.faster_rcnn()
        if name.endswith("v2"):
            return fasterrcnn_resnet50_fpn_v2(weights=None, weights_backbone=None)
        return FasterRCNN(_resnet_fpn_extractor(resnet50(weights=None), 5), num_classes=91)

    def detect(self, score_shift=0.0, nms_shift=0.0, noise=0.0):
        """`noise`: on the input, as another order of summation would make it."""
        generator = torch.Generator().manual_seed(1)
        images = self.images * (1 + noise * torch.randn(self.images.shape, generator=generator))
        heads, rpn = self.module.roi_heads, self.module.rpn
        before = heads.score_thresh, heads.nms_thresh, rpn.nms_thresh
        heads.score_thresh, heads.nms_thresh, rpn.nms_thresh = (
            0.05 + score_shift,
            0.5 + nms_shift,
            0.7 + nms_shift,
        )
        with torch.inference_mode():
            maps = self.module.backbone(images)
            proposals, _ = rpn(ImageList(images, self.sizes), maps)
            found, _ = heads(maps, proposals, self.sizes)
        heads.score_thresh, heads.nms_thresh, rpn.nms_thresh = before
        return [Detected(each["boxes"], each["scores"], each["labels"]) for each in found]

    def state(self):
        return plain_state(self.module)


class _AsClassifier(torch.nn.Module):
    """What `randomise` may call with a batch of tensors."""

    def __init__(self, reference):
        super().__init__()
        self.module, self.call = reference.module, [reference.detect]

    def forward(self, _images):
        return self.call[0]()


def _spread(module, run, *wanted):
    """Scales the layers with these names so that their outputs have the wanted standard deviation, and centres them."""
    for name, deviation in wanted:
        layers = [layer for key, layer in module.named_modules() if name in key and hasattr(layer, "weight")]
        seen = {}
        hooks = [layer.register_forward_hook(lambda layer, _, out: seen.setdefault(layer, []).append(out)) for layer in layers]
        run()
        for hook in hooks:
            hook.remove()
        for layer, outputs in seen.items():
            with torch.no_grad():
                factor = deviation / torch.cat([out.flatten() for out in outputs]).std()
                layer.weight *= factor
                layer.bias *= factor


def _freeze(module):
    """Replaces batch norms by frozen ones of eps 0, as the published weights of the first version want them."""
    for name, child in module.named_children():
        if isinstance(child, torch.nn.BatchNorm2d):
            frozen = FrozenBatchNorm2d(child.num_features, eps=0.0)
            frozen.load_state_dict({key: value for key, value in child.state_dict().items() if key != "num_batches_tracked"})
            setattr(module, name, frozen)
        else:
            _freeze(child)


LIBRARIES: dict[str, Callable] = {"megvii": Megvii, "torchvision": Torchvision}


class SetReference:
    """A network whose detections do not hang on rounding, and those."""

    def __init__(self, spec: Spec):
        for seed in range(spec.seed, spec.seed + SEEDS):
            self.network = LIBRARIES[spec.library](spec, seed)
            self.expected = self.network.detect()
            if min(len(each.labels) for each in self.expected) >= 5 and self._separated():
                self.state = self.network.state()
                return
        raise Failed(f"no seed of {SEEDS} gives detections that are separated")

    def _separated(self):
        shifts = [(1e-5, 0), (-1e-5, 0), (0, 1e-4), (0, -1e-4)]
        if isinstance(self.network, Megvii):
            shifts += [(0, 0, 1e-5), (0, 0, -1e-5)]
        else:
            shifts += [(0, 0, 3e-7), (0, 0, -3e-7), (0, 0, 1e-6), (0, 0, -1e-6)]
        return all(
            mine.same(other) for shift in shifts for mine, other in zip(self.expected, self.network.detect(*shift))
        )


class SetRow(Row):
    """A line whose outputs are compared as sets of detections."""

    def check(self, variant, bench):
        return check(self, variant, bench)


def check(row: SetRow, variant_name: str, bench: Bench) -> str:
    variant = VARIANTS[variant_name]
    reference = bench.once(row.spec, lambda: SetReference(row.spec))
    with bench.room() as folder:
        weights = variant.write(variant.layout(reference), folder)
        inputs = {"images": reference.network.images.contiguous(), "mask": reference.network.mask.contiguous()}
        save_file(inputs, folder / "in.safetensors")
        bench.program.succeed(
            "forward", "-m", row.ours, "-w", weights, "-i", folder / "in.safetensors", "-o", folder / "out.safetensors"
        )
        ours = load_file(folder / "out.safetensors")
    return compare_sets(ours, reference.expected)


def compare_sets(ours, expected) -> str:
    """Every detection has one partner of its class."""
    wanted = {"boxes": torch.float32, "scores": torch.float32, "labels": torch.int64, "image_index": torch.int64}
    if {name: ours[name].dtype for name in sorted(ours)} != dict(sorted(wanted.items())):
        raise Failed(f"the output has {sorted(ours)}, expected {sorted(wanted)}")
    worst = 0.0
    for i, theirs in enumerate(expected):
        mine = ours["image_index"] == i
        boxes, scores, labels = ours["boxes"][mine], ours["scores"][mine], ours["labels"][mine]
        if len(labels) != len(theirs.labels):
            raise Failed(f"picture {i}: {len(labels)} detections instead of {len(theirs.labels)}")
        distance = (boxes[:, None] - theirs.boxes[None]).abs().amax(2) / PIXELS
        distance = torch.maximum(distance, (scores[:, None] - theirs.scores[None]).abs() / SCORES)
        distance[labels[:, None] != theirs.labels[None]] = float("inf")
        if sorted(distance.argmin(0).tolist()) != list(range(len(labels))) or not distance.amin(0).amax() <= 1:
            raise Failed(f"picture {i}: detections differ by {distance.amin(0).amax():.1e} of what is allowed")
        worst = max(worst, distance.amin(0).amax().item())
    return f"{sum(len(each.labels) for each in expected)} detections, {worst * PIXELS:.1e} px"
