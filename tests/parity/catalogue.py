"""What `vitral models show` says of a network, against timm's and torchvision's own records of the published files."""

from functools import partial

import timm
from torchvision.models import get_model_weights

from cases import Bench, Case, Tier
from program import Failed
from references import Reference, Spec

_INTERPOLATIONS = {"bilinear": "bilinear", "bicubic": "bicubic"}


def _agree(name, what, ours, theirs):
    if isinstance(theirs, (tuple, list)):
        same = len(ours) == len(theirs) and all(abs(a - b) < 1e-6 for a, b in zip(ours, theirs))
    else:
        same = ours == theirs or (isinstance(theirs, float) and abs(ours - theirs) < 1e-6)
    if not same:
        raise Failed(f"{name}: {what} is {ours}, published is {theirs}")


def _timm_tag(name, published):
    """-> True where timm knows the file; its record then has to agree."""
    if not timm.models.is_model_pretrained(f"{name}.{published['tag']}"):
        return False
    theirs, ours = timm.get_pretrained_cfg(f"{name}.{published['tag']}"), published["preprocess"]
    label = f"{name}.{published['tag']}"
    _agree(label, "rule", ours["rule"], "timm")
    _agree(label, "size", [ours["height"], ours["width"]], list(theirs.input_size[1:]))
    _agree(label, "crop_pct", ours["crop_pct"], float(theirs.crop_pct))
    _agree(label, "interpolation", ours["interpolation"], _INTERPOLATIONS[theirs.interpolation])
    _agree(label, "mean", ours["mean"], theirs.mean)
    _agree(label, "std", ours["std"], theirs.std)
    _agree(label, "classes", published["num_classes"], theirs.num_classes)
    return True


def _torchvision_file(name, published):
    """Rows of torchvision are found by file name, whatever they are called."""
    stem = published["file"].split("-")[0].replace("_lc_swag", "").replace("_swag", "")
    found = [weights for weights in get_model_weights(stem) if weights.url.endswith("/" + published["file"])]
    if not found:
        raise Failed(f"{name}: torchvision publishes no {published['file']}")
    transform, ours = found[0].transforms(), published["preprocess"]
    _agree(published["file"], "rule", ours["rule"], "torchvision")
    _agree(published["file"], "resize", [ours["resize"]], transform.resize_size)
    _agree(published["file"], "size", [ours["height"]], transform.crop_size)
    _agree(published["file"], "interpolation", ours["interpolation"], transform.interpolation.value)
    _agree(published["file"], "mean", ours["mean"], transform.mean)
    _agree(published["file"], "std", ours["std"], transform.std)
    stated = round(published["about_bytes"] / 2**20, 3) if published["about_from"] == "publisher" else 0
    _agree(published["file"], "file size in MiB", stated, found[0].meta["_file_size"])
    accuracy = found[0].meta["_metrics"]["ImageNet-1K"]
    _agree(
        published["file"], "accuracy", [published["top1"], published["top5"]], [accuracy["acc@1"], accuracy["acc@5"]]
    )


def _default(name, published):
    """Names without a tag mean timm's default file, and what the network is by default."""
    theirs = timm.get_pretrained_cfg(name).tag
    if theirs != "untrained" and published["tag"] != theirs:
        raise Failed(f"{name} stands for tag '{published['tag']}', in timm for '{theirs}'")


def check(name, bench: Bench) -> str:
    model = bench.program.succeed("models", "show", name, "--json", "-").json()
    _default(name, model["pretrained"][0])
    known = sum(
        _timm_tag(name, published)
        for published in model["pretrained"]
        if published["origin"] not in ("torchvision", "hf")
    )
    torchvision = [published for published in model["pretrained"] if published["origin"] == "torchvision"]
    for published in torchvision:
        _torchvision_file(name, published)
    parameters = sum(parameter.numel() for parameter in Reference.untouched(Spec("timm", name)).parameters())
    _agree(name, "number of parameters", model["params"], parameters)
    return f"{known + len(torchvision)} of {len(model['pretrained'])} files, {parameters / 1e6:.2f} M"


def catalogue_cases(registered):
    return [
        Case("catalogue", name, "timm", "published", partial(check, name), Tier.FAST)
        for name, model in registered.items()
        if model["task"] == "classify" and timm.is_model(name)
    ]
