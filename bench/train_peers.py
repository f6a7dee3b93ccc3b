"""Pictures per second in training, of the program and of the same loop in Python PyTorch: `peers.py --train`.

They take turns, each turn a process of its own. A turn is some short epochs, of which the first only warms up. What
counts is the fastest epoch, with the median beside it.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

HERE = Path(__file__).resolve().parent
CLASSES = 10
JOBS = (
    {"model": "vit_tiny_patch16_224", "task": "classify", "side": 32, "batch": 64, "steps": 20},
    {"model": "resnet18", "task": "classify", "side": 32, "batch": 64, "steps": 20},
    {"model": "detr_resnet18", "task": "detect", "side": 320, "batch": 4, "steps": 6},
    {"model": "rtdetr_r18vd", "task": "detect", "side": 320, "batch": 4, "steps": 6},
)
MODELS = tuple(job["model"] for job in JOBS)
# On a GPU in AMP bf16; batches that give it something to do.
GPU_MODELS = ("vit_tiny_patch16_224", "resnet18", "detr_resnet18")
GPU_BATCHES = {"classify": 256, "detect": 32}


def write_picture(path, side, random):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = random.integers(0, 256, (side, side, 3), dtype=numpy.uint8)
    path.write_bytes(b"P6\n%d %d\n255\n" % (side, side) + pixels.tobytes())


def write_classes(folder, job, random):
    for i in range(job["batch"] * job["steps"]):
        write_picture(folder / "train" / str(i % CLASSES) / f"{i}.ppm", job["side"], random)


def write_scenes(folder, job, random):
    """A COCO data set with the two boxes a picture that the peer learns too."""
    side = job["side"]
    images, annotations = [], []
    for i in range(1, job["batch"] * job["steps"] + 1):
        write_picture(folder / "train" / f"{i}.ppm", side, random)
        images.append({"id": i, "file_name": f"{i}.ppm", "width": side, "height": side})
        for shift, (x, y, w, h) in enumerate([(0.2, 0.25, 0.2, 0.3), (0.45, 0.4, 0.3, 0.2)]):
            box = [side * value for value in (x, y, w, h)]
            annotations.append(
                {"id": len(annotations) + 1, "image_id": i, "category_id": 1 + (i + shift) % CLASSES, "bbox": box,
                 "area": box[2] * box[3], "iscrowd": 0}
            )
    categories = [{"id": i + 1, "name": f"class {i}"} for i in range(CLASSES)]
    (folder / "annotations").mkdir()
    text = json.dumps({"images": images, "annotations": annotations, "categories": categories})
    (folder / "annotations" / "instances_train.json").write_text(text)


def run(command, surroundings):
    done = subprocess.run(command, capture_output=True, text=True, env=surroundings)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]}: exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def our_turn(program, data, job, surroundings):
    """-> pictures per second of each epoch but the first"""
    with tempfile.TemporaryDirectory(prefix="train-peers-run-") as out:
        command = [program, "train", "-m", job["model"], "--data", data, "--val", "none", "-o", out, "-y", "-q"]
        command += ["--recipe", "small", "--imgsz", job["side"], "-b", job["batch"], "--epochs", job["epochs"]]
        command += ["--ema", 0, "--lr", 1e-4, "--warmup", 0, "--clip", 1, "--no-flip", "--threads", job["threads"]]
        if job["device"] != "cpu":
            command += ["--device", job["device"], "--amp", "bf16", "--workers", max(2, job["threads"] - 1)]
        command += ["--scale-jitter", 0] if job["task"] == "detect" else ["--crop-scale", 1]
        run([str(each) for each in command], surroundings)
        records = (Path(out) / "metrics.jsonl").read_text().splitlines()
    return [json.loads(record)["images_per_s"] for record in records[1:]]


def peer_turn(job, surroundings):
    return json.loads(run([sys.executable, HERE / "train_worker.py", json.dumps(job)], surroundings))


def compare(options, surroundings):
    """-> a row a network"""
    unknown = set(options.models or ()) - set(MODELS)
    if unknown:
        raise SystemExit(f"--models: {', '.join(sorted(unknown))}; training is compared of {', '.join(MODELS)}")
    rows = []
    on_gpu = options.device != "cpu"
    for job in JOBS:
        if job["model"] not in (options.models or (GPU_MODELS if on_gpu else MODELS)):
            continue
        job = {**job, "device": options.device}
        if on_gpu:
            job["batch"] = GPU_BATCHES[job["task"]]
        job = {**job, "classes": CLASSES, "threads": options.threads, "epochs": options.epochs}
        job["steps"] = options.steps or job["steps"]
        speeds = {"vitral": [], "PyTorch eager": []}
        with tempfile.TemporaryDirectory(prefix="train-peers-") as folder:
            write = write_scenes if job["task"] == "detect" else write_classes
            write(Path(folder), job, numpy.random.default_rng(0))
            for number in range(options.rounds):
                speeds["vitral"] += our_turn(options.vitral, folder, job, surroundings)
                speeds["PyTorch eager"] += peer_turn(job, surroundings)
                print(f"  {job['model']}: round {number + 1} of {options.rounds}", file=sys.stderr)
        best = {name: {"max": max(of), "p50": statistics.median(of)} for name, of in speeds.items()}
        ratio = {what: best["vitral"][what] / best["PyTorch eager"][what] for what in ("max", "p50")}
        told = job if on_gpu else {key: value for key, value in job.items() if key != "device"}
        rows.append({**told, "images_per_s": best, "ratio": ratio})
    return rows
