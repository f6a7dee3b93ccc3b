"""`vitral eval --gt --dt` against pycocotools: the twelve numbers, the twelve lines, the AP of each category."""

import contextlib
import io
import json
from functools import partial

import numpy as np
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from cases import Bench, Case, Tier
from program import Failed

LIMIT = 1e-9
STATS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")
WIDTH, HEIGHT = 640, 480


def ellipse(box):
    """-> (polygon, mask) of the ellipse in a box."""
    x, y, w, h = box
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    points = np.stack([x + w / 2 * (1 + np.cos(angle)), y + h / 2 * (1 + np.sin(angle))], 1)
    polygon = [[round(float(v), 2) for v in points.reshape(-1)]]
    return polygon, masks.merge(masks.frPyObjects(polygon, HEIGHT, WIDTH))


def uncompressed(encoded):
    """The runs of a mask as numbers, column by column, as COCO's crowds have them."""
    flat = masks.decode(encoded).reshape(-1, order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return {"size": [HEIGHT, WIDTH], "counts": runs if flat[0] == 0 else [0, *runs]}


def annotation(draw, number, image, category, whole):
    size = np.exp(draw.uniform(np.log(6), np.log(300), 2))
    corner = draw.uniform(0, [WIDTH - 8, HEIGHT - 8])
    box = [*corner, *np.minimum(size, [WIDTH, HEIGHT] - corner)]
    box = [float(int(v)) if whole else round(float(v), 2) for v in box]
    polygon, encoded = ellipse(box)
    crowd = bool(draw.random() < 0.12)
    compressed = {"size": encoded["size"], "counts": encoded["counts"].decode()}
    rle = uncompressed(encoded) if draw.random() < 0.5 else compressed
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": box,
        "area": float(masks.area(encoded)),
        "iscrowd": int(crowd),
        "segmentation": rle if crowd else polygon,
    }


def result(draw, objects, image, category, ties):
    if objects and draw.random() < 0.75:
        x, y, w, h = objects[draw.integers(len(objects))]["bbox"]
        spread = draw.choice([0.0, 0.03, 0.15])
        box = [x + draw.normal() * spread * w, y + draw.normal() * spread * h]
        box += [w * abs(1 + draw.normal() * spread), h * abs(1 + draw.normal() * spread)]
    else:
        box = [*draw.uniform(0, [WIDTH - 40, HEIGHT - 40]), *draw.uniform(2, 200, 2)]
    score = float(draw.integers(0, 9)) / 8 if ties else float(draw.random())
    return {"image_id": image, "category_id": category, "bbox": [float(v) for v in box], "score": score}


def data_set(seed):
    draw = np.random.default_rng(seed)
    ids = draw.choice(10**6, int(draw.integers(3, 25)), replace=False) + 1
    categories = sorted(int(c) for c in draw.choice(90, int(draw.integers(1, 8)), replace=False) + 1)
    whole, ties = bool(draw.random() < 0.3), bool(draw.random() < 0.4)
    annotations, results = [], []
    for image in ids.tolist():
        for category in categories:
            objects = []
            for _ in range(int(draw.integers(0, 6))):
                objects.append(annotation(draw, len(annotations) + len(objects) + 1, image, category, whole))
            annotations += objects
            many = 130 if draw.random() < 0.03 else int(draw.integers(0, 9))
            results += [result(draw, objects, image, category, ties) for _ in range(many)]
    truth = {
        "info": {"description": "random"},
        "images": [{"id": i, "file_name": f"{i:012d}.jpg", "width": WIDTH, "height": HEIGHT} for i in ids.tolist()],
        "categories": [{"id": c, "name": f"kind {c}", "supercategory": "kind"} for c in categories],
        "annotations": annotations,
    }
    return truth, results


def theirs(truth_file, results):
    """-> (stats, lines, AP by category)"""
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(truth_file))
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    with contextlib.redirect_stdout(said):
        evaluation.summarize()
    precision = evaluation.eval["precision"][:, :, :, 0, 2]
    by_category = {}
    for k, category in enumerate(evaluation.params.catIds):
        values = precision[:, :, k]
        by_category[category] = float(values[values > -1].mean()) if (values > -1).any() else -1.0
    return evaluation.stats.tolist(), said.getvalue(), by_category


def check(seed, bench: Bench):
    truth, results = data_set(seed)
    with bench.room() as folder:
        (folder / "gt.json").write_text(json.dumps(truth))
        (folder / "dt.json").write_text(json.dumps(results))
        stats, lines, by_category = theirs(folder / "gt.json", results)
        files = ("eval", "--gt", folder / "gt.json", "--dt", folder / "dt.json")
        report = bench.program.succeed(*files, "--json", "-").json()
        text = bench.program.succeed(*files).out.decode()
    ours = [report["stats"][name] for name in STATS]
    worst = max(abs(a - b) for a, b in zip(ours, stats, strict=True))
    if not worst <= LIMIT:
        raise Failed(f"the numbers differ by {worst:.1e}: {ours} instead of {stats}")
    if text != lines:
        raise Failed(f"the lines differ: {text!r} instead of {lines!r}")
    if report["images"] != len(truth["images"]):
        raise Failed(f"{report['images']} images instead of {len(truth['images'])}")
    classes = {entry["category_id"]: entry["AP"] for entry in report["per_class"]}
    if classes.keys() != by_category.keys():
        raise Failed(f"categories {sorted(classes)} instead of {sorted(by_category)}")
    worst_class = max(abs(classes[c] - by_category[c]) for c in classes)
    if not worst_class <= LIMIT:
        raise Failed(f"the AP of a category differs by {worst_class:.1e}")
    crowds = sum(a["iscrowd"] for a in truth["annotations"])
    return f"{len(results)} detections, {crowds} crowds, AP {stats[0]:.3f}, {worst:.0e}"


def _tier(seed):
    return Tier.FAST if seed < 8 else Tier.DEFAULT if seed < 24 else Tier.FULL


def evaluation_cases():
    return [
        Case("eval", "coco", "pycocotools", f"random-{seed:02d}", partial(check, seed), _tier(seed))
        for seed in range(60)
    ]
