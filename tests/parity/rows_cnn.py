"""ResNet and EfficientNet-Lite: the checkpoints of every origin beside timm's own."""

from cases import Tier
from forward import rows

FAST, DEFAULT, FULL = Tier.FAST, Tier.DEFAULT, Tier.FULL
_RESNET = "ResNetForImageClassification:"

RESNET = [
    *rows("timm", FAST, "pth legacy pth-no-counters safetensors-sharded", "timm", "resnet18"),
    *rows("timm", FAST, "safetensors-fp16 pth-bf16", "timm", "resnet18"),
    *rows("torchvision", DEFAULT, "pth legacy", "torchvision", "resnet50"),
    *rows("torchvision", DEFAULT, "pth", "torchvision", "resnet18 resnet34 resnet101 resnet152"),
    *rows("hf", DEFAULT, "safetensors", "transformers", f"resnet18={_RESNET}18 resnet50={_RESNET}50"),
    *rows("hf", FULL, "safetensors", "transformers", f"resnet34={_RESNET}34 resnet101={_RESNET}101"),
    *rows("hf", FULL, "safetensors", "transformers", f"resnet152={_RESNET}152"),
]

EFFICIENTNET_LITE = [
    *rows("timm", FAST, "pth legacy legacy-training", "timm", "efficientnet_lite0"),
    # The authors' layout in PyTorch, with TensorFlow's padding.
    *rows("original", FAST, "pth legacy safetensors", "lukemelas", "efficientnet_lite0=efficientnet-lite0"),
    *rows("original", DEFAULT, "legacy", "lukemelas", "efficientnet_lite1=efficientnet-lite1"),
    *rows("original", DEFAULT, "legacy", "lukemelas", "efficientnet_lite2=efficientnet-lite2"),
    *rows("original", DEFAULT, "legacy", "lukemelas", "efficientnet_lite3=efficientnet-lite3"),
    *rows("original", DEFAULT, "legacy", "lukemelas", "efficientnet_lite4=efficientnet-lite4"),
]
