"""`vitral export`: ONNX's own checker accepts what it writes, and ONNX Runtime computes what `vitral forward` does."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from safetensors.numpy import load_file, save_file

from cases import Bench, Case, Tier
from program import Failed, Skipped

_TOLERANCE, _HALF_TOLERANCE = 1e-4, 2e-2


@dataclass(frozen=True)
class Export:
    model: str
    size: int | None = None  # None: the model's own
    dynamic: bool = False
    half: bool = False
    tier: Tier = Tier.FAST

    @property
    def case(self):
        variant = ("dynamic" if self.dynamic else "static") + ("-half" if self.half else "")
        return Case("export", self.model, "onnx", variant, partial(_check, self), self.tier)


def _check(row: Export, bench: Bench) -> str:
    try:
        import onnx
        import onnxruntime
    except ImportError as missing:
        raise Skipped(f"needs {missing.name}") from missing
    with bench.room() as folder:
        file, weights = folder / "model.onnx", folder / "model.safetensors"
        size = ["--imgsz", row.size] if row.size else []
        flags = ["-m", row.model, "--random", *size]
        # The same weights for both, whether they travel with the program or are random.
        bench.program.succeed("export", *flags, "-o", weights, "--format", "safetensors")
        chosen = [flag for flag, wanted in (("--dynamic", row.dynamic), ("--half", row.half)) if wanted]
        bench.program.succeed("export", "-m", weights, *size, "-o", file, "--verify", 2, *chosen)
        onnx.checker.check_model(onnx.load(file), full_check=True)
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        tolerance = _HALF_TOLERANCE if row.half else _TOLERANCE
        batches = (1, 2, 5) if row.dynamic else (1,)
        worst = max(_difference(bench, session, weights, folder, batch, tolerance) for batch in batches)
    return f"relative {worst:.1e}"


def _difference(bench, session, weights, folder, batch, tolerance):
    (port,) = session.get_inputs()
    if port.name != "images" or (batch == 1 and port.shape[0] not in (1, "batch")):
        raise Failed(f"input {port.name} {port.shape}")
    images = np.random.default_rng(batch).standard_normal([batch, *port.shape[1:]], np.float32)
    source, target = folder / "in.safetensors", folder / "out.safetensors"
    save_file({"images": images}, source)
    bench.program.succeed("forward", "-m", weights, "-i", source, "-o", target, "-b", batch, "-y")
    expected = load_file(target)
    names = [output.name for output in session.get_outputs()]
    if sorted(names) != sorted(expected):
        raise Failed(f"outputs {names} instead of {sorted(expected)}")
    worst = 0.0
    for name, found in zip(names, session.run(None, {"images": images}), strict=True):
        if found.shape != expected[name].shape:
            raise Failed(f"{name} is {found.shape} instead of {expected[name].shape}")
        difference = float(np.abs(found - expected[name]).max() / np.abs(expected[name]).max())
        if not difference <= tolerance:
            raise Failed(f"{name} differs by {difference:.1e} with {batch} pictures")
        worst = max(worst, difference)
    return worst


_BUNDLED = [("fashion_vit", None), ("fashion_tnt", None), ("fashion_swin", None), ("fashion_resnet", None)]
_CLASSIFIERS = [
    ("vit_tiny_patch16_224", 64),
    ("deit_tiny_distilled_patch16_224", 64),
    ("resnet50", 64),
    ("efficientnet_lite0", 64),
    ("swin_tiny_patch4_window7_224", 96),
    ("swinv2_tiny_window8_256", 128),
]
_DETECTORS = [("detr_resnet50", 128), ("deformable_detr_resnet50", 128)]


def export_cases():
    small = [*_BUNDLED, ("scenes_rtdetr", None)]
    rows = [Export(model, size, dynamic) for model, size in small for dynamic in (False, True)]
    rows += [Export(model, size, half=True) for model, size in _BUNDLED]
    # With an open batch one picture is a case too: the fixed batch and half precision are for the long run.
    large = [*_CLASSIFIERS, *_DETECTORS]
    rows += [Export(model, size, dynamic=True, tier=Tier.DEFAULT) for model, size in large]
    rows += [Export(model, size, tier=Tier.FULL) for model, size in large]
    rows += [Export(model, size, half=True, tier=Tier.FULL) for model, size in _CLASSIFIERS]
    return [row.case for row in rows]
