"""The networks that are timed, as their own libraries build them, with seeded random weights."""

DETECTORS = {
    "detr_resnet50": (3, 800, 1066),
    "rtdetr_r18vd": (3, 640, 640),
    "rtdetr_r50vd": (3, 640, 640),
    "fasterrcnn_resnet50_fpn": (3, 800, 1066),
    "yolox_nano": (3, 416, 416),
    "yolox_s": (3, 640, 640),
}
# Megvii's module ends with the predictions of all cells; so the program's time ends there too.
WITHOUT_SUPPRESSION = ("yolox_nano", "yolox_s")


def build(name):
    """-> (module that takes images [B, 3, H, W] and gives one tensor, its input's [3, H, W], the library's module)"""
    if name not in DETECTORS:
        import timm

        module = timm.create_model(name)
        return module.eval(), module.pretrained_cfg["input_size"], module
    module = _detector(name).eval()
    return _one_output(name, module).eval(), DETECTORS[name], module


def detector_to_train(name, classes):
    """As the authors train it, RT-DETR without denoising queries; the class heads know `classes`."""
    if name.startswith("rtdetr_"):
        return _detector(name, num_labels=classes, num_denoising=0, freeze_backbone_batch_norms=False).train()
    return _detector(name, num_labels=classes, auxiliary_loss=True, dropout=0.0).train()


def _detector(name, **changes):
    import transformers

    if name.startswith("detr_"):
        config = transformers.DetrConfig(
            use_timm_backbone=True,
            backbone=name.removeprefix("detr_"),
            backbone_config=None,
            use_pretrained_backbone=False,
            **{"num_labels": 91, **changes},
        )
        return transformers.DetrForObjectDetection(config)
    if name.startswith("rtdetr_"):
        small = name == "rtdetr_r18vd"
        widths = [64, 128, 256, 512] if small else [256, 512, 1024, 2048]
        backbone = transformers.RTDetrResNetConfig(
            hidden_sizes=widths,
            depths=[2, 2, 2, 2] if small else [3, 4, 6, 3],
            layer_type="basic" if small else "bottleneck",
            out_features=["stage2", "stage3", "stage4"],
        )
        config = transformers.RTDetrConfig(
            backbone_config=backbone,
            encoder_in_channels=widths[1:],
            hidden_expansion=0.5 if small else 1.0,
            decoder_layers=3 if small else 6,
            **{"num_labels": 80, "anchor_image_size": None, **changes},
        )
        return transformers.RTDetrForObjectDetection(config)
    if name.startswith("yolox_"):
        from yolox.config import YoloxConfig

        return YoloxConfig.get_named_config(name).get_model()
    from torchvision.models.detection import fasterrcnn_resnet50_fpn

    return fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None)


def _one_output(name, module):
    """Only what a runtime has to compute in any case: class scores, or Megvii's decoded predictions."""
    import torch

    class OneOutput(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.module = module

        def forward(self, images):
            if name.startswith("fasterrcnn"):
                return self.module(list(images))[0]["boxes"]
            outputs = self.module(images)
            return outputs if name.startswith("yolox") else torch.cat([outputs.logits, outputs.pred_boxes], -1)

    return OneOutput()


def save_weights(name, folder):
    """The same random weights for everybody; the path."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    path = folder / f"{name}.safetensors"
    state = build(name)[2].state_dict()
    save_file({key: value.clone().contiguous() for key, value in state.items()}, path)
    return str(path)
