#!/usr/bin/env python3
"""Compares the speed of the program with PyTorch (eager, compiled), ONNX Runtime and OpenVINO on the same network.

    peers.py --vitral build/release/bin/vitral [--models A,B] [--precisions fp32,bf16] [--rounds 7]
             [--report F.json] [--table F.md]
    peers.py --vitral build/release/bin/vitral --train [--rounds 5] [--threads 2]: one line of JSON, pictures per second
    peers.py --vitral build/cuda/bin/vitral --device cuda [--batches 1,8,64]: the same on a GPU, against PyTorch eager and
             torch.compile (default, max-autotune); --train too. A large matrix product in bf16 takes its turns as well:
             what it reaches counts as the device's peak, of which each network in bf16 reaches a share.

Every peer is a process of its own that stays warm. They take turns, A B C D A B C D …, so that a machine that gets
slower gets slower for all of them; whoever waits is stopped (SIGSTOP), so that no spinning thread takes a core from the
one that is measured. What counts is the minimum over all turns, with the median beside it.
"""

import argparse
import itertools
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import gpu_worker
import train_peers
from networks import WITHOUT_SUPPRESSION, save_weights
from peers_report import machine, markdown, versions

HERE = Path(__file__).resolve().parent
PEERS = ("PyTorch eager", "torch.compile", "ONNX Runtime", "OpenVINO")
MODELS = ("vit_base_patch16_224", "deit_small_patch16_224", "vit_tiny_patch16_224", "resnet50")
GPU_MODELS = (
    "vit_base_patch16_224",
    "swin_tiny_patch4_window7_224",
    "tnt_s_patch16_224",
    "resnet50",
    "detr_resnet50",
    "rtdetr_r18vd",
    "rtdetr_r50vd",
)
GPU_BATCHES = (1, 8, 64)
UNAVAILABLE = 5  # the exit code of the program for a device that is not there


@dataclass
class Contestant:
    """Somebody who can run a network N times; `error` is its distance from PyTorch's in fp32, in standard deviations."""

    name: str
    times: list = field(default_factory=list)
    absent: str = ""
    error: float | None = None

    def row(self):
        if self.absent:
            return {"name": self.name, "absent": self.absent}
        return {
            "name": self.name,
            "ms": {"min": min(self.times), "p50": statistics.median(self.times)},
            "runs": len(self.times),
            "error": self.error,
        }


class Peer(Contestant):
    """A Python runtime in its own process."""

    def __init__(self, name, job, environment):
        super().__init__(name)
        self.process = subprocess.Popen(
            [sys.executable, HERE / "peer_worker.py", json.dumps({**job, "peer": name})],
            text=True,
            bufsize=1,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        ready = self._answer()
        self.absent, self.error = ready.get("absent", ""), ready.get("error")
        self._signal(signal.SIGSTOP)

    def _answer(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"absent": f"ended with exit code {self.process.wait()}"}

    def _signal(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def _run(self, count, rest=False):
        self.process.stdin.write(json.dumps({"run": count, "rest": rest}) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        self.absent = answer.get("absent", "")
        return answer.get("ms", [])

    def turn(self, seconds):
        """One run that wakes caches and clocks and tells how many fit, then those that count."""
        self._signal(signal.SIGCONT)
        first = self._run(1)
        if first and not self.absent:
            self.times += self._run(max(3, int(seconds * 1e3 / first[0])), rest=True)
        self._signal(signal.SIGSTOP)

    def close(self):
        self._signal(signal.SIGCONT)
        self.process.stdin.close()
        self.process.wait()


class Vitral(Contestant):
    """The program itself, started afresh for every turn."""

    def __init__(self, program, job, environment):
        super().__init__("vitral")
        self.environment = environment
        self.command = [
            program,
            "bench",
            "-m",
            job["model"],
            "-w",
            job["weights"],
            "--batch",
            str(job["batch"]),
            "--threads",
            str(job["threads"]),
            "--precision",
            job["precision"],
            "--warmup",
            "3",
            "--json",
            "-",
        ]
        self.gmacs = None
        if job["device"] != "cpu":
            self.command += ["--device", job["device"]]
        if job["model"] in WITHOUT_SUPPRESSION:
            self.command.append("--raw")
        self.pace = None

    def turn(self, seconds):
        iterations = max(3, int(seconds * 1e3 / self.pace)) if self.pace else 5
        done = subprocess.run(
            [*self.command, "--iters", str(iterations)], capture_output=True, text=True, env=self.environment
        )
        if done.returncode != 0:
            self.absent = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            return
        row = json.loads(done.stdout)["rows"][0]
        self.pace = row["ms"]["min"]
        self.gmacs = row.get("gmacs")
        # Minimum and median of each turn stand for it: the program reports no single times.
        self.times += [row["ms"]["min"], row["ms"]["p50"]]

    def row(self):
        return (
            super().row()
            if self.absent
            else {
                **super().row(),
                "ms": {"min": min(self.times[::2]), "p50": statistics.median(self.times[1::2])},
                "runs": len(self.times) // 2,
            }
        )

    def close(self):
        pass


def environment(threads, device="cpu"):
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}
    return {**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", **hidden}


def compare(job, options):
    """All contestants on one network at one precision -> the rows of the report."""
    surroundings = environment(job["threads"], job["device"])
    on_gpu = job["device"] != "cpu"
    contestants = []
    try:
        for name in options.peers:
            contestants.append(Peer(name, job, surroundings))
        ours = Vitral(options.vitral, job, surroundings)
        contestants.append(ours)
        if on_gpu:
            contestants.append(Peer(gpu_worker.MATRIX_PRODUCT, job, surroundings))
        for number in range(options.rounds):
            for contestant in contestants:
                if not contestant.absent:
                    contestant.turn(options.seconds)
            print(f"  round {number + 1} of {options.rounds}", file=sys.stderr)
        found = {"clocks": gpu_worker.clocks(job["device"])} if on_gpu else {}
    finally:
        for contestant in contestants:
            contestant.close()
    if on_gpu:
        found |= peak_of(contestants.pop())
    rows = [contestant.row() for contestant in contestants]
    if on_gpu:
        add_throughput(rows, job, ours.gmacs, found["peak_bf16_tflops"])
    else:
        job = {key: value for key, value in job.items() if key != "device"}
    return {**job, "weights": "random", **found, "contestants": rows, "ratio": ratios(rows)}


def peak_of(product):
    """What the matrix product reached, and why nothing where it could not."""
    if product.absent or not product.times:
        return {"peak_bf16_tflops": None, "peak_absent": product.absent or "no turn"}
    return {"peak_bf16_tflops": gpu_worker.MATRIX_FLOP / (min(product.times) * 1e-3) / 1e12}


def add_throughput(rows, job, gmacs, peak):
    """To each row the arithmetic of the network a second, and in bf16 its share of the peak; by the fastest run."""
    for row in rows:
        if "ms" not in row:
            continue
        row["images_per_s"] = job["batch"] / (row["ms"]["min"] * 1e-3)
        if gmacs:
            row["tflops"] = 2 * gmacs * 1e9 * row["images_per_s"] / 1e12
            if peak and job["precision"] == "bf16":
                row["of_peak"] = row["tflops"] / peak


def ratios(rows):
    """Our time over that of the fastest peer, by minimum and by median."""
    ours = next((row for row in rows if row["name"] == "vitral" and "ms" in row), None)
    peers = [row for row in rows if row["name"] != "vitral" and "ms" in row]
    if not ours or not peers:
        return None
    result = {"peer": min(peers, key=lambda row: row["ms"]["min"])["name"]}
    return result | {what: ours["ms"][what] / min(row["ms"][what] for row in peers) for what in ("min", "p50")}


def parse(arguments):
    def listed(text):
        return [part.strip() for part in text.split(",") if part.strip()]

    def numbers(text):
        try:
            found = [int(part) for part in listed(text)]
        except ValueError:
            found = []
        if not found or min(found) < 1:
            raise argparse.ArgumentTypeError(f"'{text}' names no batch sizes from 1 on")
        return found

    def device(text):
        if not re.fullmatch(r"cpu|cuda(:\d+)?", text):
            raise argparse.ArgumentTypeError(f"'{text}' is none of cpu, cuda, cuda:N")
        return text

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vitral", type=Path, required=True, metavar="FILE", help="the program")
    parser.add_argument(
        "--models", type=listed, metavar="A,B",
        help=f"timm's names, and those of networks.py (default: {', '.join(MODELS)}; "
        f"on a GPU: {', '.join(GPU_MODELS)}; of --train: {', '.join(train_peers.MODELS)})"
    )
    parser.add_argument(
        "--precisions", type=listed, default=["fp32", "bf16"], metavar="P,Q", help="default: %(default)s"
    )
    parser.add_argument(
        "--device", type=device, default="cpu", metavar="DEVICE", help="cpu, cuda or cuda:N (default: %(default)s)"
    )
    parser.add_argument(
        "--peers", type=listed, metavar="P,Q",
        help=f"default: {', '.join(PEERS)}; on a GPU: {', '.join(gpu_worker.PEERS)}"
    )
    parser.add_argument(
        "--batch", "--batches", dest="batches", type=numbers, metavar="N,M",
        help=f"pictures at a time (default: 1; on a GPU: {','.join(map(str, GPU_BATCHES))})"
    )
    parser.add_argument(
        "--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: all cores, here %(default)s"
    )
    parser.add_argument("--rounds", type=int, default=7, help="turns of everybody (default: %(default)s)")
    parser.add_argument("--train", action="store_true", help="compare training with PyTorch eager instead")
    parser.add_argument("--epochs", type=int, default=4, help="of a turn of --train, the first warms up (default: %(default)s)")
    parser.add_argument("--steps", type=int, help="of such an epoch (default: 20 for classifiers, 6 for the detector)")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of a turn (default: %(default)s)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="write the table as Markdown (standard output has it anyway)"
    )
    options = parser.parse_args(arguments)
    on_gpu = options.device != "cpu"
    options.batches = options.batches or (list(GPU_BATCHES) if on_gpu else [1])
    known = gpu_worker.PEERS if on_gpu else PEERS
    options.peers = options.peers or list(known)
    if unknown := [peer for peer in options.peers if peer not in known]:
        parser.error(f"--peers: {', '.join(unknown)}: known are {', '.join(known)}")
    return options


def main(arguments=None):
    options = parse(arguments)
    options.vitral = options.vitral.resolve()
    on_gpu = options.device != "cpu"
    if on_gpu and (problem := gpu_worker.problem(options.device)):
        print(f"peers.py: --device {options.device}: {problem}", file=sys.stderr)
        return UNAVAILABLE
    box = machine() | ({"gpu": gpu_worker.machine(options.device)} if on_gpu else {})
    if options.train:
        head = {"schema": "vitral.train_peers/1", "machine": box, "versions": versions(options.vitral)}
        surroundings = environment(options.threads, options.device)
        print(json.dumps({**head, "rows": train_peers.compare(options, surroundings)}))
        return 0
    report = {
        "schema": "vitral.peers/1",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": box,
        "versions": versions(options.vitral),
        "rounds": options.rounds,
        "comparisons": [],
    }
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        for model in options.models or (GPU_MODELS if on_gpu else MODELS):
            weights = save_weights(model, Path(folder))
            for precision, batch in itertools.product(options.precisions, options.batches):
                print(f"{model} {precision}" + (f" batch {batch}" if len(options.batches) > 1 else ""), file=sys.stderr)
                job = {
                    "model": model,
                    "precision": precision,
                    "batch": batch,
                    "threads": options.threads,
                    "weights": weights,
                    "device": options.device,
                }
                report["comparisons"].append(compare(job, options))
                if options.report:
                    options.report.write_text(json.dumps(report, indent=1))
    table = markdown(report)
    print(table)
    if options.table:
        options.table.write_text(table)
    return 0 if all(comparison["ratio"] for comparison in report["comparisons"]) else 1


if __name__ == "__main__":
    sys.exit(main())
