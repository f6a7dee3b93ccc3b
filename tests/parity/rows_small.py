"""The small networks that travel with the program: their layers have real-size sisters in the other tables."""

from cases import Tier
from detectors import SetRow
from forward import rows
from references import Spec

FAST = Tier.FAST

SMALL = [
    *rows("timm", FAST, "safetensors pth", "small", "fashion_vit fashion_tnt fashion_swin fashion_resnet"),
    *rows("hf", FAST, "safetensors", "transformers", "scenes_rtdetr=RTDetrForObjectDetection:small-10", size=160, batch=1),
    *rows("hf", FAST, "safetensors", "transformers", "pedestrians_rtdetr=RTDetrForObjectDetection:small-1", size=288, batch=1),
    SetRow("scenes_fasterrcnn", Spec("torchvision", "small", size=160), "torchvision", ("pth",), FAST),
    SetRow("scenes_yolox", Spec("megvii", "small", size=160), "original", ("pth-model",), FAST),
]
