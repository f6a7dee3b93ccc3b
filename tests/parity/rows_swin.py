"""Swin v1 and v2: the checkpoints of every origin beside timm's own."""

from cases import Tier
from forward import rows

FAST, DEFAULT, FULL = Tier.FAST, Tier.DEFAULT, Tier.FULL
_V1, _V2 = "SwinForImageClassification:", "Swinv2ForImageClassification:"

SWIN = [
    *rows("timm", FAST, "pth legacy safetensors-sharded", "timm", "swin_tiny_patch4_window7_224"),
    *rows("original", FAST, "pth-microsoft legacy-microsoft", "timm", "swin_tiny_patch4_window7_224"),
    *rows("original", DEFAULT, "pth-microsoft", "timm", "swin_base_patch4_window12_384", batch=1),
    *rows("original", FULL, "pth-microsoft", "timm", "swin_small_patch4_window7_224 swin_base_patch4_window7_224"),
    *rows("original", FULL, "pth-microsoft", "timm", "swin_large_patch4_window7_224", batch=1),
    *rows("original", FULL, "pth-microsoft", "timm", "swin_large_patch4_window12_384", batch=1),
    *rows("torchvision", FAST, "pth", "torchvision", "swin_t"),
    *rows("torchvision", DEFAULT, "legacy", "torchvision", "swin_small_patch4_window7_224=swin_s swin_b"),
    *rows("hf", FAST, "safetensors", "transformers", f"swin_tiny_patch4_window7_224={_V1}tiny/7"),
    *rows("hf", DEFAULT, "safetensors", "transformers", f"swin_base_patch4_window7_224={_V1}base/7"),
    *rows("hf", FULL, "safetensors", "transformers", f"swin_base_patch4_window12_384={_V1}base/12", size=384),
]

SWIN2 = [
    *rows("timm", FAST, "pth legacy", "timm", "swinv2_tiny_window8_256"),
    *rows("original", FAST, "pth-microsoft", "timm", "swinv2_tiny_window8_256"),
    *rows("original", DEFAULT, "pth-microsoft", "timm", "swinv2_tiny_window16_256"),
    *rows("original", DEFAULT, "pth-microsoft", "timm", "swinv2_base_window12to16_192to256", batch=1),
    *rows("original", FULL, "pth-microsoft", "timm", "swinv2_base_window12to24_192to384", batch=1),
    *rows("torchvision", FAST, "pth", "torchvision", "swin_v2_t"),
    *rows("torchvision", DEFAULT, "legacy", "torchvision", "swinv2_small_window8_256=swin_v2_s swin_v2_b"),
    *rows("hf", FAST, "safetensors", "transformers", f"swinv2_tiny_window8_256={_V2}tiny/8", size=256),
    *rows("hf", DEFAULT, "safetensors", "transformers", f"swinv2_tiny_window16_256={_V2}tiny/16", size=256),
]
