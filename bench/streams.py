#!/usr/bin/env python3
"""How many live sources of 30 frames a second a machine keeps up with.

    streams.py --vitral build/release/bin/vitral [--model rtdetr_r18vd] [--device cuda] [--precision bf16] [--most 64]

Each source is a video in H.264 that ffmpeg sends in real time, over and over, as MPEG-TS over UDP (copied, so that the
senders cost little); `detect` decodes all of them and computes their frames together, as many at a time as there are
sources, up to --batch. A number of sources is kept up with where 95 of 100 frames are through within --p95
milliseconds of their arrival and no more than --lost of them are left out; the first moments, in which layers pack,
count. The number is doubled until it fails, and then the gap is halved. One line of JSON a try, the last one the
answer.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from peers_report import machine

RATE = 30


def make_video(path, size, seconds=10):
    """A moving picture with a key frame every second."""
    subprocess.run(["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={RATE}",
                    "-t", str(seconds), "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p",
                    "-g", str(RATE), str(path)], check=True)  # fmt: skip


def send(video, port):
    return subprocess.Popen(
        ["ffmpeg", "-loglevel", "quiet", "-re", "-stream_loop", "-1", "-i", str(video), "-c", "copy",
         "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"], stdin=subprocess.DEVNULL)  # fmt: skip


def summary_of(results):
    """`detect`'s last line."""
    with open(results) as file:
        *_, last = file
    record = json.loads(last)
    if record["schema"] != "vitral.summary/1":
        sys.exit(f"streams.py: {results} ends with {record['schema']}, expected a summary")
    return record


def attempt(count, video, args, folder):
    """What became of `count` sources."""
    addresses = [f"udp://127.0.0.1:{args.port + i}" for i in range(count)]
    results = folder / f"{count}.jsonl"
    command = [args.vitral, "detect", "-m", args.model, *addresses, "--live", "newest", "--device", args.device,
               "--precision", args.precision, "-b", str(min(count, args.batch)), "--json", str(results), "-y",
               "--progress", "none"]  # fmt: skip
    if args.weights:
        command += ["-w", args.weights]
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    senders = [send(video, args.port + i) for i in range(count)]
    try:
        time.sleep(args.seconds)
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=60)
    finally:
        for process in [program, *senders]:
            process.kill()
            process.wait()
    if program.returncode not in (0, 130):
        sys.exit(f"streams.py: vitral ended with {program.returncode}: {errors.strip()}")
    summary = summary_of(results)
    latency, frames = summary["latency_ms"], summary["frames_in"]
    if frames < RATE:
        sys.exit(f"streams.py: only {frames} frames came")
    lost = 1 - summary["frames_out"] / frames
    return {"sources": count, "frames": frames, "p50_ms": round(latency["p50"], 1), "p95_ms": round(latency["p95"], 1),
            "lost": round(lost, 4), "kept_up": latency["p95"] <= args.p95 and lost <= args.lost}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vitral", required=True)
    parser.add_argument("--model", default="rtdetr_r18vd")
    parser.add_argument("--weights")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--p95", type=float, default=100)
    parser.add_argument("--lost", type=float, default=0.02)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--most", type=int, default=64)
    parser.add_argument("--port", type=int, default=45700)
    args = parser.parse_args()
    args.vitral = os.path.abspath(args.vitral)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = folder / "source.mp4"
        make_video(video, args.size)
        good, bad, tries = 0, None, 1
        while tries <= args.most and (bad is None or bad - good > 1):
            outcome = attempt(tries, video, args, folder)
            print(json.dumps(outcome), flush=True)
            if outcome["kept_up"]:
                good = tries
            else:
                bad = tries
            tries = 2 * good if bad is None else (good + bad) // 2
        print(json.dumps({"model": args.model, "device": args.device, "precision": args.precision, "size": args.size,
                          "rate": RATE, "most_sources": good, "limit_p95_ms": args.p95, "machine": machine()}))  # fmt: skip


if __name__ == "__main__":
    main()
