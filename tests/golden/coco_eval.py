"""Numbers of pycocotools on small random data sets: crowds, ties, boundary areas, zero sizes, more than 100 detections.

Writes coco_eval.json beside this file. Made with pycocotools 2.0.11 and NumPy 2.4.6:
    python tests/golden/coco_eval.py
"""

import contextlib
import io
import json
import pathlib
import tempfile

import numpy
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def box(random, style):
    if style == "grid":  # whole numbers: equal overlaps, zero sizes
        return [int(x) for x in (*random.integers(0, 30, 2), *random.integers(0, 40, 2))]
    if style == "areas":  # areas of exactly 1024 and 9216
        return [int(x) for x in (*(random.integers(0, 3, 2) * 32), *random.choice([16, 32, 64, 96], 2))]
    return [round(float(x), 2) for x in (*(random.random(2) * 200), *numpy.exp(random.random(2) * 5))]


def near(random, b):
    if random.random() < 0.3:
        return list(b)
    shift = random.normal(size=2) * 0.1 * numpy.array(b[2:])
    scale = numpy.abs(1 + random.normal(size=2) * 0.2)
    return [round(float(x), 2) for x in (b[0] + shift[0], b[1] + shift[1], b[2] * scale[0], b[3] * scale[1])]


def data_set(random, style, many):
    image_ids = [int(x) for x in random.choice(500, 3 if many else random.integers(2, 6), replace=False)]
    category_ids = [int(x) for x in random.choice(91, 2 if many else 3, replace=False)]
    annotations, results = [], []
    for image in image_ids:
        for category in category_ids:
            objects = [box(random, style) for _ in range(random.integers(0, 5))]
            for b in objects:
                area = round(b[2] * b[3] * (1 if random.random() < 0.5 else float(random.random())), 2)
                annotations.append({"id": len(annotations) + 1, "image_id": image, "category_id": category, "bbox": b,
                                    "area": area, "iscrowd": int(random.random() < 0.15), "ignore": int(random.random() < 0.1)})
            for _ in range(110 if many and objects else random.integers(0, 7)):
                b = near(random, objects[random.integers(len(objects))]) if objects and random.random() < 0.7 else box(random, style)
                score = round(float(random.random()), 3) if style == "free" else int(random.integers(0, 8)) / 8
                results.append({"image_id": image, "category_id": category, "bbox": b, "score": score})
    truth = {"images": [{"id": i} for i in image_ids], "categories": [{"id": c, "name": f"c{c}"} for c in category_ids],
             "annotations": [annotations[i] for i in random.permutation(len(annotations))]}
    return truth, [results[i] for i in random.permutation(len(results))]


def digest(array):
    """FNV-1a over the bytes of the doubles."""
    value = 0xCBF29CE484222325
    for byte in numpy.ascontiguousarray(array, "<f8").tobytes():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def reference(truth, results):
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        for name, content in (("gt", truth), ("dt", results)):
            pathlib.Path(folder, name).write_text(json.dumps(content))
        ground = COCO(f"{folder}/gt")
        evaluation = COCOeval(ground, ground.loadRes(f"{folder}/dt"), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    with contextlib.redirect_stdout(io.StringIO()) as lines:
        evaluation.summarize()
    tables = {name: digest(evaluation.eval[name]) for name in ("precision", "scores", "recall")}
    return {"stats": [float(x) for x in evaluation.stats], "lines": lines.getvalue(), **tables}


def main():
    random = numpy.random.default_rng(500)
    cases = []
    for style in ("grid", "areas", "free", "free"):
        for _ in range(4):
            truth, results = data_set(random, style, many=False)
            cases.append({"truth": truth, "results": results, **reference(truth, results)})
    truth, results = data_set(random, "grid", many=True)
    cases.append({"truth": truth, "results": results, **reference(truth, results)})
    text = "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n"
    pathlib.Path(__file__).with_suffix(".json").write_text(text)


if __name__ == "__main__":
    main()
