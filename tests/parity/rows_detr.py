"""DETR: the checkpoints of its authors and of transformers, with and without padding in the batch."""

from cases import Tier
from forward import rows

FAST, DEFAULT, FULL = Tier.FAST, Tier.DEFAULT, Tier.FULL
_DETR = "DetrForObjectDetection:"

DETR = [
    *rows("hf", FAST, "safetensors", "transformers", f"detr_resnet50={_DETR}50", batch=1),
    *rows("hf", DEFAULT, "safetensors pth-memory", "transformers", f"detr_resnet50={_DETR}50", padded=True),
    *rows("hf", DEFAULT, "safetensors", "transformers", f"detr_resnet18={_DETR}18", padded=True),
    # Over the ResNet of transformers instead of timm's.
    *rows("hf", DEFAULT, "safetensors", "transformers", f"detr_resnet18={_DETR}resnet18", batch=1),
    *rows("hf", DEFAULT, "pth", "transformers", f"detr_resnet50={_DETR}resnet50", padded=True),
    *rows("hf", FULL, "legacy", "transformers", f"detr_resnet101={_DETR}resnet101", batch=1),
    *rows("hf", DEFAULT, "safetensors", "transformers", f"detr_resnet50_dc5={_DETR}50-dc5", padded=True),
    *rows("hf", FULL, "safetensors", "transformers", f"detr_resnet101={_DETR}101", padded=True),
    *rows("hf", FULL, "safetensors", "transformers", f"detr_resnet101_dc5={_DETR}101-dc5", padded=True),
    *rows("original", DEFAULT, "pth-model", "facebookresearch", "detr_resnet50=detr-r50", batch=1),
    *rows("original", DEFAULT, "pth-model legacy-model", "facebookresearch", "detr_resnet50=detr-r50", padded=True),
    *rows("original", FULL, "pth-model", "facebookresearch", "detr_resnet18=detr-r18", batch=1),
    *rows("original", DEFAULT, "pth-model", "facebookresearch", "detr_resnet50_dc5=detr-r50-dc5", padded=True),
    *rows("original", FULL, "pth-model", "facebookresearch", "detr_resnet101=detr-r101", padded=True),
    *rows("original", FULL, "pth-model", "facebookresearch", "detr_resnet101_dc5=detr-r101-dc5", padded=True),
]

_V1, _V2 = "RTDetrForObjectDetection:", "RTDetrV2ForObjectDetection:"

RTDETR = [
    *rows("original", FAST, "pth-model", "lyuwenyu", "rtdetr_r18vd=v1/18", batch=1),
    *rows("original", DEFAULT, "pth-ema", "lyuwenyu", "rtdetr_r50vd=v1/50", batch=1),
    *rows("original", FULL, "pth-model", "lyuwenyu", "rtdetr_r34vd=v1/34 rtdetr_r50vd_m=v1/50m", batch=1),
    *rows("original", FULL, "pth-model", "lyuwenyu", "rtdetr_r101vd=v1/101", batch=1),
    *rows("original", FAST, "pth-model", "lyuwenyu", "rtdetrv2_r18vd=v2/18 rtdetrv2_r18vd_dsp=v2/18-dsp", batch=1),
    *rows("original", FULL, "pth-model", "lyuwenyu", "rtdetrv2_r34vd=v2/34 rtdetrv2_r50vd_m=v2/50m", batch=1),
    *rows("original", FULL, "pth-model", "lyuwenyu", "rtdetrv2_r50vd=v2/50 rtdetrv2_r101vd=v2/101", batch=1),
    *rows("original", FULL, "pth-model", "lyuwenyu", "rtdetrv2_r34vd_dsp=v2/34-dsp", batch=1),
    *rows("original", FULL, "pth-model", "lyuwenyu", "rtdetrv2_r50vd_m_dsp=v2/50m-dsp", batch=1),
    *rows("original", FULL, "pth-model", "lyuwenyu", "rtdetrv2_r50vd_dsp=v2/50-dsp", batch=1),
    *rows("hf", FAST, "safetensors pth-memory", "transformers", f"rtdetr_r18vd={_V1}18", size=480, batch=1),
    *rows("hf", DEFAULT, "legacy", "transformers", f"rtdetr_r18vd={_V1}18"),
    *rows("hf", DEFAULT, "safetensors", "transformers", f"rtdetr_r50vd={_V1}50 rtdetrv2_r50vd={_V2}50", batch=1),
    *rows("hf", FAST, "safetensors", "transformers", f"rtdetrv2_r18vd={_V2}18", batch=1),
    *rows("hf", DEFAULT, "safetensors", "transformers", f"rtdetrv2_r18vd_dsp={_V2}18-dsp", size=480, batch=1),
    *rows("hf", FULL, "safetensors", "transformers", f"rtdetr_r34vd={_V1}34 rtdetr_r101vd={_V1}101", batch=1),
    *rows("hf", FULL, "safetensors", "transformers", f"rtdetrv2_r34vd={_V2}34 rtdetrv2_r101vd={_V2}101", batch=1),
]

_DEFORMABLE, _SINGLE = "DeformableDetrForObjectDetection:", "deformable_detr_resnet50_single_scale"

# The authors' own code needs a compiled extension, so transformers' stands for both.
DEFORMABLE_DETR = [
    *rows("hf", DEFAULT, "safetensors", "transformers", f"deformable_detr_resnet50={_DEFORMABLE}base", padded=True),
    *rows("hf", DEFAULT, "pth-memory", "transformers", f"deformable_detr_resnet50={_DEFORMABLE}base", batch=1),
    *rows("hf", DEFAULT, "safetensors", "transformers", f"{_SINGLE}={_DEFORMABLE}single", padded=True),
    *rows("hf", DEFAULT, "safetensors", "transformers", f"{_SINGLE}_dc5={_DEFORMABLE}single-dc5", padded=True),
    *rows(
        "hf", DEFAULT, "safetensors", "transformers", f"deformable_detr_resnet50_box_refine={_DEFORMABLE}refine", padded=True
    ),
    *rows(
        "hf",
        DEFAULT,
        "safetensors",
        "transformers",
        f"deformable_detr_resnet50_two_stage={_DEFORMABLE}two-stage",
        padded=True,
    ),
]
