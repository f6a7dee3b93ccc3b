"""ViT, DeiT, DeiT-III and TNT: the checkpoints of every origin beside timm's own."""

from cases import Tier
from forward import CONTAINERS, GOOGLE, GOOGLE_HALF, rows

FAST, DEFAULT, FULL = Tier.FAST, Tier.DEFAULT, Tier.FULL
_VIT, _TEACHER = "ViTForImageClassification:", "DeiTForImageClassificationWithTeacher:"

VIT = [
    *rows("timm", FAST, "pth-linear-patches pth-pre-logits", "timm", "vit_tiny_patch16_224"),
    *rows("timm", DEFAULT, "safetensors", "timm", "vit_tiny_patch16_224", ("--num-classes", "21843"), classes=21843),
    *rows("timm", DEFAULT, "pth", "timm", "vit_base_patch16_224.dino=vit_base_patch16_224", classes=0),
    # Google's own files.
    *rows("jax", FAST, " ".join([*GOOGLE, *GOOGLE_HALF]), "timm", "vit_tiny_patch16_224"),
    *rows("jax", DEFAULT, "npz", "timm", "vit_small_patch32_224 vit_base_patch16_224"),
    *rows("jax", DEFAULT, "npz", "timm", "vit_base_patch8_224", batch=1),
    *rows("jax", FULL, "npz", "timm", "vit_small_patch16_224 vit_base_patch32_224"),
    *rows("jax", FULL, "npz", "timm", "vit_tiny_patch16_384 vit_small_patch16_384 vit_small_patch32_384", batch=1),
    *rows("jax", FULL, "npz", "timm", "vit_base_patch32_384 vit_base_patch16_384", batch=1),
    *rows("jax", FULL, "npz", "timm", "vit_large_patch16_224 vit_large_patch16_384", batch=1),
    # torchvision. Its names stand for its files; E2E files of SWAG have sizes of their own.
    *rows("torchvision", DEFAULT, "pth-published legacy-published safetensors", "torchvision", "vit_b_16"),
    *rows("torchvision", DEFAULT, "pth-published", "torchvision", "vit_base_patch32_224=vit_b_32"),
    *rows("torchvision", DEFAULT, "pth-published", "torchvision", "vit_large_patch16_224=vit_l_16 vit_l_32", batch=1),
    *rows("torchvision", DEFAULT, "pth-published", "torchvision", "vit_b_16_swag_e2e=vit_b_16", size=384, batch=1),
    *rows("torchvision", DEFAULT, "pth-published", "torchvision", "vit_l_16_swag_e2e=vit_l_16", size=512, batch=1),
    *rows("torchvision", DEFAULT, "pth-published", "torchvision", "vit_h_14", size=518, batch=1),
    *rows("torchvision", FULL, "pth-published", "torchvision", "vit_b_16_swag_linear=vit_b_16"),
    *rows("torchvision", FULL, "pth-published", "torchvision", "vit_l_16_swag_linear=vit_l_16", batch=1),
    *rows("torchvision", FULL, "pth-published", "torchvision", "vit_h_14_swag_linear=vit_h_14", batch=1),
    # transformers: its files, and the names that its modules have in memory.
    *rows("hf", FAST, "safetensors pth legacy pth-memory", "transformers", f"vit_tiny_patch16_224={_VIT}tiny/16"),
    *rows("hf", FAST, "saved-sharded", "transformers", f"vit_tiny_patch16_224={_VIT}tiny/16"),
    *rows("hf", DEFAULT, "safetensors", "transformers", f"vit_base_patch16_224={_VIT}base/16"),
    *rows("hf", DEFAULT, "safetensors", "transformers", f"vit_base_patch32_384={_VIT}base/32", size=384),
    *rows("hf", FULL, "safetensors", "transformers", f"vit_large_patch16_224={_VIT}large/16", batch=1),
    *rows("hf", FULL, "safetensors", "transformers", f"vit_base_patch16_384={_VIT}base/16", size=384, batch=1),
    *rows(
        "hf",
        DEFAULT,
        "safetensors",
        "transformers",
        "vit_base_patch16_224.google/vit-base-patch16-224-in21k=ViTModel:base/16",
        classes=0,
    ),
]

DEIT = [
    *rows("timm", FAST, " ".join(CONTAINERS), "timm", "deit_tiny_patch16_224"),
    # The authors' files have timm's names under "model".
    *rows(
        "original", DEFAULT, "pth-model legacy-model", "timm", "deit_tiny_patch16_224 deit_tiny_distilled_patch16_224"
    ),
    *rows("original", DEFAULT, "pth-model", "timm", "deit_base_distilled_patch16_384", batch=1),
    *rows("original", FULL, "pth-training", "timm", "deit_small_patch16_224 deit_base_patch16_224"),
    *rows("original", FULL, "pth-training", "timm", "deit_small_distilled_patch16_224 deit_base_distilled_patch16_224"),
    *rows("original", FULL, "pth-training", "timm", "deit_base_patch16_384", batch=1),
    # Plain DeiT lies on the hub as ViT.
    *rows("hf", DEFAULT, "safetensors", "transformers", f"deit_tiny_patch16_224={_VIT}tiny/16"),
    *rows("hf", DEFAULT, "safetensors", "transformers", f"deit_tiny_distilled_patch16_224={_TEACHER}tiny/16"),
    *rows("hf", FULL, "safetensors", "transformers", f"deit_small_distilled_patch16_224={_TEACHER}small/16"),
    *rows("hf", FULL, "safetensors", "transformers", f"deit_base_distilled_patch16_384={_TEACHER}base/16", size=384),
]

DEIT3 = [
    *rows("original", DEFAULT, "pth-deit3", "timm", "deit3_small_patch16_224 deit3_medium_patch16_224"),
    *rows("original", FULL, "pth-deit3", "timm", "deit3_small_patch16_384 deit3_base_patch16_224", batch=1),
    *rows("original", FULL, "pth-deit3", "timm", "deit3_base_patch16_384 deit3_large_patch16_224", batch=1),
    *rows("original", FULL, "pth-deit3", "timm", "deit3_large_patch16_384 deit3_huge_patch14_224", batch=1),
]

TNT = [
    *rows("original", FAST, "pth-huawei legacy-huawei", "timm", "tnt_s_patch16_224"),
    *rows("original", DEFAULT, "pth-huawei", "timm", "tnt_b_patch16_224"),
    *rows("original", FULL, "pth-huawei-no-outer-tokens", "timm", "tnt_s_patch16_224"),
]
