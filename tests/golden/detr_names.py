"""The names of parameters in the checkpoints of DETR's origins.

    VITRAL_AUTHORS=FOLDER detr_names.py

FOLDER holds clones of github.com/facebookresearch/detr and lyuwenyu/RT-DETR (tests/parity/authors.py).
"""

import json
import pathlib
import sys
import tempfile

from safetensors import safe_open
from transformers import DetrConfig, DetrForObjectDetection, ResNetConfig

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "parity"))
from authors import facebook_detr, lyuwenyu_rtdetr  # noqa: E402
from randomise import NoInitialisation  # noqa: E402
from references import Reference, Spec  # noqa: E402


_NO_WEIGHTS = ("num_batches_tracked", "n_points_scale", "num_points_scale", "decoder.anchors", "decoder.valid_mask")


def known(names):
    return sorted(name for name in names if not name.endswith(_NO_WEIGHTS))


def saved(module):
    """The names in transformers' files; its modules have others in memory."""
    with tempfile.TemporaryDirectory() as folder:
        module.save_pretrained(folder)
        with safe_open(f"{folder}/model.safetensors", "pt") as file:
            return known(file.keys())


def transformers_detr(**backbone):
    return DetrForObjectDetection(DetrConfig(use_pretrained_backbone=False, num_labels=91, **backbone))


def layouts():
    yield "detr_resnet50", "original", "authors", known(facebook_detr(50, dilated=False).state_dict()), True
    over_timm = transformers_detr(use_timm_backbone=True, backbone="resnet50", backbone_config=None)
    yield "detr_resnet50", "hf", "over timm", saved(over_timm), True
    yield "detr_resnet50", "hf", "over timm, in memory", known(over_timm.state_dict()), False
    resnet = ResNetConfig(out_features=["stage4"])
    own = transformers_detr(use_timm_backbone=False, backbone=None, backbone_config=resnet)
    yield "detr_resnet50", "hf", "own ResNet", saved(own), True
    yield "detr_resnet50", "hf", "own ResNet, in memory", known(own.state_dict()), False
    for version, kind in ((1, "RTDetr"), (2, "RTDetrV2")):
        name = "rtdetr" if version == 1 else "rtdetrv2"
        depth = 18 if version == 1 else 50
        yield f"{name}_r{depth}vd", "original", "authors", known(lyuwenyu_rtdetr(version, depth).state_dict()), True
        theirs = Reference.untouched(Spec("transformers", f"{kind}ForObjectDetection:18"))
        yield f"{name}_r18vd", "hf", "files", saved(theirs), True
        yield f"{name}_r18vd", "hf", "in memory", known(theirs.state_dict()), False
    for ours, what in (("", "base"), ("_box_refine", "refine"), ("_two_stage", "two-stage")):
        # Heads of several layers are written under their first names, transformers keeps the second ones.
        theirs = Reference.untouched(Spec("transformers", f"DeformableDetrForObjectDetection:{what}"))
        yield f"deformable_detr_resnet50{ours}", "hf", "files", saved(theirs), what == "base"


def main():
    keys = ("model", "origin", "layout", "names", "written")
    with NoInitialisation():
        golden = [dict(zip(keys, layout)) for layout in layouts()]
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
