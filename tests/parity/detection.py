"""Pictures in, boxes out: `vitral preprocess` and `vitral detect` of detectors against each origin's own processing."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from scipy.optimize import linear_sum_assignment
from torchvision import transforms
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from transformers import DeformableDetrImageProcessorPil, DetrImageProcessorPil, RTDetrImageProcessorPil
from yolox.data.data_augment import preproc

import containers
import pictures
from authors import clone, importing
from cases import Bench, Case, Tier
from pixels import FEW
from program import Failed
from references import Reference, Spec

SIZES = (*FEW, "size-800x800.png", "size-97x401.png")
LEVEL = 0.5 / 255 / 0.229  # half a grey level, normalised: 8-bit resizing has to be equal, not near
FLOAT = 2e-5  # where the origin resizes in float32
PIXELS, SCORES = 0.05, 1e-4  # of final boxes in pictures of hundreds of pixels: as strict as 1e-4 of the picture


@dataclass(frozen=True)
class Processing:
    """What an origin makes of one PIL picture, [3, H, W], and how far from it we may be."""

    apply: Callable
    limit: float = LEVEL / 100


def transformers_processing(kind):
    processor = kind()
    return Processing(lambda image: processor(image, return_tensors="pt")["pixel_values"][0])


def facebook_processing():
    with importing(clone("detr"), "datasets", "util"):
        from datasets.transforms import Compose, Normalize, RandomResize, ToTensor

    prepare = Compose([RandomResize([800], max_size=1333), ToTensor(), Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    return Processing(lambda image: prepare(image, None)[0])


def lyuwenyu_processing():
    """Its evaluation transforms: Resize to 640 x 640, ToImageTensor, ConvertDtype."""
    return Processing(transforms.Compose([transforms.Resize((640, 640)), transforms.ToTensor()]))


def torchvision_processing():
    prepare = GeneralizedRCNNTransform(800, 1333, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]).eval()
    to_tensor = transforms.ToTensor()
    return Processing(lambda image: prepare([to_tensor(image)])[0].tensors[0], FLOAT)


def megvii_processing(side):
    """Its own BGR bytes, 114 at the right and below."""
    return Processing(lambda image: torch.from_numpy(preproc(np.asarray(image)[:, :, ::-1], (side, side))[0]), 1e-3)


PROCESSING = {
    "detr_resnet50": facebook_processing,
    "detr_resnet50.facebook/detr-resnet-50": partial(transformers_processing, DetrImageProcessorPil),
    "deformable_detr_resnet50.SenseTime/deformable-detr": partial(transformers_processing, DeformableDetrImageProcessorPil),
    "rtdetr_r50vd": lyuwenyu_processing,
    "rtdetr_r50vd.PekingU/rtdetr_r50vd": partial(transformers_processing, RTDetrImageProcessorPil),
    "fasterrcnn_resnet50_fpn": torchvision_processing,
    "fasterrcnn_resnet50_fpn_v2": torchvision_processing,
    "yolox_nano": partial(megvii_processing, 416),
    "yolox_s": partial(megvii_processing, 640),
}


def made(bench):
    def make():
        folder = bench.folder / "detection"
        os.makedirs(folder, exist_ok=True)
        return {picture.name: picture for picture in pictures.make(folder)}

    return bench.once("pictures of detectors", make)


def check_pixels(model, make, bench: Bench) -> str:
    processing = make()
    worst = 0.0
    with bench.room() as folder:
        for name in SIZES:
            picture = made(bench)[name]
            bench.program.succeed("preprocess", "-m", model, picture.path, "-o", folder / "out.safetensors", "-y")
            ours, theirs = load_file(folder / "out.safetensors")["images"][0], processing.apply(picture.rgb)
            if ours.shape != theirs.shape:
                raise Failed(f"{name}: {list(ours.shape)} instead of {list(theirs.shape)}")
            error = (ours - theirs).abs().max().item()
            if not error <= processing.limit:
                raise Failed(f"{name}: differs by {error:.1e}, {processing.limit:.0e} is allowed")
            worst = max(worst, error)
    return f"{len(SIZES)} pictures, {worst:.0e}"


@dataclass(frozen=True)
class Detector:
    """A network of transformers with random weights and everything around it."""

    ours: str
    spec: Spec
    processor: Callable
    confidence: float  # low: random weights are sure of nothing

    def expected(self, reference, image: Image.Image):
        processor = self.processor()
        inputs = processor(image, return_tensors="pt")
        with torch.inference_mode():
            outputs = reference.module(**inputs)
        return processor.post_process_object_detection(outputs, self.confidence, [(image.height, image.width)])[0]


def check_found(row: Detector, bench: Bench) -> str:
    chosen = [made(bench)[name] for name in ("size-640x480.jpg", "size-333x500.png")]
    reference = bench.once((row.spec, None), lambda: Reference(row.spec))
    worst, count = 0.0, 0
    with bench.room() as folder:
        weights = containers.safetensors(reference.state, folder)
        for picture in chosen:
            records = bench.program.succeed(
                "detect", "-m", row.ours, "-w", weights, picture.path, "--conf", row.confidence, "--json", "-"
            ).records()
            theirs = row.expected(reference, picture.rgb)
            worst = max(worst, same(records[0]["detections"], theirs))
            count += len(theirs["scores"])
    if count < 20:
        raise Failed(f"{count} detections are too few to tell anything")
    return f"{count} detections, {worst:.0e} of what is allowed"


def same(ours, theirs) -> float:
    """Every detection has one partner of its class."""
    if len(ours) != len(theirs["scores"]):
        raise Failed(f"{len(ours)} detections instead of {len(theirs['scores'])}")
    boxes = torch.tensor([[each["box"][side] for side in ("xmin", "ymin", "xmax", "ymax")] for each in ours])
    scores = torch.tensor([each["score"] for each in ours])
    labels = torch.tensor([each["class_id"] for each in ours])
    distance = (boxes[:, None] - theirs["boxes"][None]).abs().amax(2) / PIXELS
    distance = torch.maximum(distance, (scores[:, None] - theirs["scores"][None]).abs() / SCORES)
    distance[labels[:, None] != theirs["labels"][None]] = 1e9
    worst = distance[linear_sum_assignment(distance.double().numpy())].amax().item()
    if not worst <= 1:
        raise Failed(f"detections differ by {worst:.1e} of what is allowed")
    return worst


FOUND = [
    Detector("detr_resnet50", Spec("transformers", "DetrForObjectDetection:50"), DetrImageProcessorPil, 0.0),
    Detector(
        "deformable_detr_resnet50",
        Spec("transformers", "DeformableDetrForObjectDetection:base"),
        DeformableDetrImageProcessorPil,
        0.0,
    ),
    Detector("rtdetr_r18vd", Spec("transformers", "RTDetrForObjectDetection:18"), RTDetrImageProcessorPil, 0.0),
]


def detection_cases():
    return [
        *(
            Case("preprocess", model, "detector", "sizes", partial(check_pixels, model, make), Tier.DEFAULT)
            for model, make in PROCESSING.items()
        ),
        *(Case("detect", row.ours, "hf", "found", partial(check_found, row), Tier.DEFAULT) for row in FOUND),
    ]
