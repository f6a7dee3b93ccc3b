#!/usr/bin/env python3
"""How long a user waits for the first label, and how much memory that takes.

    startup.py --vitral build/release/bin/vitral [--models A,B] [--rounds 5]

One picture, weights from a local file in both containers of torch and in safetensors, a fresh process each time.
Reading the file is timed on its own and subtracted; what remains is the program's: start, check, pack, decode, compute,
print.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

MEBIBYTE = 2**20


CONTAINERS = ("safetensors", "zip.pth", "legacy.pth")


def write_files(model, folder):
    """The same random weights in each container, and a picture."""
    import timm
    import torch
    from PIL import Image
    from safetensors.torch import save_file

    state = {name: value.contiguous() for name, value in timm.create_model(model).state_dict().items()}
    save_file(state, folder / "safetensors")
    torch.save(state, folder / "zip.pth")
    torch.save(state, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    Image.effect_noise((640, 480), 60).convert("RGB").save(folder / "picture.jpg", quality=90)


def write_elsewhere(model, folder):
    """In a process of its own: a child's peak memory begins with its parent's, so this one has to stay small."""
    writer = multiprocessing.get_context("spawn").Process(target=write_files, args=(model, folder))
    writer.start()
    writer.join()
    if writer.exitcode != 0:
        raise SystemExit(f"no files of {model} could be written")


def reading_time(path):
    start = time.perf_counter()
    with open(path, "rb", buffering=0) as file:
        while file.read(8 * MEBIBYTE):
            pass
    return time.perf_counter() - start


def run_once(command):
    """-> seconds from start to end, peak resident memory in MiB"""
    start = time.perf_counter()
    process = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{' '.join(command)} ended with exit code {os.waitstatus_to_exitcode(status)}")
    return seconds, usage.ru_maxrss / 1024


def measure(program, model, weights, picture, rounds):
    command = [str(program), "classify", "-m", model, "-w", str(weights), "-q", str(picture)]
    reading = min(reading_time(weights) for _ in range(rounds))
    runs = [run_once(command) for _ in range(rounds)]
    return min(seconds for seconds, _ in runs), reading, min(memory for _, memory in runs)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vitral", type=Path, required=True, metavar="FILE", help="the program")
    parser.add_argument("--models", default="vit_base_patch16_224,deit_tiny_patch16_224", metavar="A,B")
    parser.add_argument("--rounds", type=int, default=5, help="the fastest counts (default: %(default)s)")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    program = options.vitral.resolve()
    columns = (
        "network, container, weights MiB, first label s, reading s, beyond reading s, peak MiB, beyond weights MiB"
    )
    print("| " + columns.replace(", ", " | ") + " |")
    print("|" + "---|" * 8)
    with tempfile.TemporaryDirectory(prefix="startup-") as name:
        folder = Path(name)
        for model in options.models.split(","):
            write_elsewhere(model, folder)
            for container in CONTAINERS:
                weights = folder / container
                seconds, reading, memory = measure(program, model, weights, folder / "picture.jpg", options.rounds)
                size = weights.stat().st_size / MEBIBYTE
                print(
                    f"| {model} | {container} | {size:.0f} | {seconds:.2f} | {reading:.2f} | {seconds - reading:.2f} "
                    f"| {memory:.0f} | {memory - size:.0f} |"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
