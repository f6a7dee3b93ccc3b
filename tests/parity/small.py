"""The small networks that travel with the program, composed of the libraries' own parts."""

import timm.models.resnet
import timm.models.swin_transformer
import timm.models.tnt
import timm.models.vision_transformer
import torch
import transformers
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FasterRCNN, FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.rpn import AnchorGenerator
from torchvision.models.resnet import BasicBlock, ResNet
from yolox.config import YoloxConfig

SIDE = 32  # pixels of the classifiers


def _vit():
    return timm.models.vision_transformer.VisionTransformer(
        img_size=SIDE, patch_size=4, embed_dim=64, depth=8, num_heads=4, num_classes=10
    )


def _tnt():
    return timm.models.tnt.TNT(
        img_size=SIDE,
        patch_size=8,
        first_stride=2,
        embed_dim=96,
        inner_dim=16,
        depth=8,
        num_heads_outer=4,
        num_heads_inner=2,
        num_classes=10,
    )


def _swin():
    return timm.models.swin_transformer.SwinTransformer(
        img_size=SIDE,
        patch_size=2,
        embed_dim=32,
        depths=(2, 2, 4, 1),
        num_heads=(2, 4, 8, 16),
        window_size=4,
        num_classes=10,
    )


def _resnet():
    """The stem of He et al. 2016, section 4.2."""
    net = timm.models.resnet.ResNet(timm.models.resnet.BasicBlock, [2, 2, 2, 2], channels=(16, 32, 64, 128), num_classes=10)
    net.conv1 = torch.nn.Conv2d(3, 16, 3, padding=1, bias=False)
    net.bn1 = torch.nn.BatchNorm2d(16)
    net.maxpool = torch.nn.Identity()
    first = net.layer1[0]
    first.conv1 = torch.nn.Conv2d(16, 16, 3, padding=1, bias=False)
    first.downsample = None
    return net


CLASSIFIERS = {"fashion_vit": _vit, "fashion_tnt": _tnt, "fashion_swin": _swin, "fashion_resnet": _resnet}


class _Narrow(ResNet):
    """A quarter of the channels."""

    def __setattr__(self, name, value):
        if name == "inplanes" and "conv1" not in self.__dict__.get("_modules", {}):
            value //= 4
        super().__setattr__(name, value)

    def _make_layer(self, block, planes, *more, **named):
        return super()._make_layer(block, planes // 4, *more, **named)


def faster_rcnn():
    narrow = _Narrow(BasicBlock, [2, 2, 2, 2])
    layers = {f"layer{stage + 1}": str(stage) for stage in range(4)}
    backbone = BackboneWithFPN(narrow, layers, [16, 32, 64, 128], 64)
    return FasterRCNN(
        backbone,
        rpn_anchor_generator=AnchorGenerator(((16,), (32,), (64,), (128,), (256,)), ((0.5, 1.0, 2.0),) * 5),
        rpn_pre_nms_top_n_test=300,
        rpn_post_nms_top_n_test=100,
        box_head=TwoMLPHead(64 * 49, 128),
        box_predictor=FastRCNNPredictor(128, 11),
    )


def yolox():
    config = YoloxConfig.get_named_config("yolox-s")
    config.depth, config.width, config.num_classes = 0.33, 0.1875, 10
    return config.get_model()


def rtdetr(classes):
    backbone = transformers.RTDetrResNetConfig(
        embedding_size=16,
        hidden_sizes=[16, 32, 64, 128],
        depths=[2, 2, 2, 2],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    return transformers.RTDetrConfig(
        backbone_config=backbone,
        encoder_in_channels=[32, 64, 128],
        encoder_hidden_dim=64,
        encoder_ffn_dim=256,
        encoder_attention_heads=4,
        decoder_in_channels=[64] * 3,
        d_model=64,
        decoder_ffn_dim=256,
        decoder_attention_heads=4,
        decoder_layers=3,
        hidden_expansion=0.5,
        num_queries=60,
        num_labels=classes,
        anchor_image_size=None,
    )
