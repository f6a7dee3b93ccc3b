#!/usr/bin/env python3
"""Whether `detect` keeps its memory over an hour of video.

    soak.py --vitral build/release/bin/vitral --video vtest.avi [--hours 1] [--imgsz 160] [--most-growth 16]

The video is looped for so many hours of media time and written again with its boxes; the results go to a file as JSON
Lines. The network is YOLOX-Nano with seeded random weights at a small size: what is in question is everything around
it. Resident memory is read four times a second. One line of JSON: how long, how much at which part of the way, and the
growth in MiB an hour of video, fitted through all readings behind the first tenth, in which buffers and codecs find
their size. Ends with 1 where the fit, or the last tenth against the second, has grown by more than --most-growth.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from peers_report import machine

MODEL = "yolox_nano"
MEBIBYTE = 2**20
TENTHS = 10


def resident(pid):
    """MiB, or None once the process has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE


def frames_done(results, seen):
    """Lines in the growing file of results, from the (offset, count) of the call before."""
    offset, count = seen
    with open(results, "rb") as file:
        file.seek(offset)
        while block := file.read(MEBIBYTE):
            offset += len(block)
            count += block.count(b"\n")
    return offset, count


def watch(process, results):
    """[(frames so far, MiB)] until the process ends."""
    readings, seen = [], (0, 0)
    while process.poll() is None:
        time.sleep(0.25)
        memory = resident(process.pid)
        if memory is None:
            continue
        seen = frames_done(results, seen)
        if seen[1] > 0:
            readings.append((seen[1], memory))
    return readings


def slope(points):
    """Least squares: MiB a frame."""
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope


def summary_of(results):
    return json.loads(results.read_bytes().splitlines()[-1])


def run(arguments, folder):
    from networks import save_weights

    frames = round(arguments.hours * 3600 * arguments.rate)
    results = folder / "found.jsonl"
    command = [arguments.vitral, "detect", arguments.video, "-m", MODEL, "-w", save_weights(MODEL, folder)]
    command += ["--imgsz", str(arguments.imgsz), "--conf", "0", "--max-det", "20", "--threads", "1", "-q"]
    command += ["--loop", "--limit", str(frames), "-o", str(folder / "boxes.mp4"), "--json", "-"]
    start = time.perf_counter()
    with open(results, "wb") as output:
        process = subprocess.Popen(command, stdout=output)
        readings = watch(process, results)
    seconds = time.perf_counter() - start
    if process.returncode != 0:
        raise SystemExit(f"detect ended with {process.returncode}")
    summary = summary_of(results)
    if summary["frames_out"] != frames:
        raise SystemExit(f"{summary['frames_out']} frames came out, {frames} were wanted")
    return frames, seconds, readings


def judge(arguments, frames, seconds, readings):
    tenths = [[] for _ in range(TENTHS)]
    for done, memory in readings:
        tenths[min(TENTHS - 1, done * TENTHS // (frames + 1))].append(memory)
    if not all(tenths):
        raise SystemExit("too few readings: a longer video is needed")
    medians = [round(statistics.median(each), 1) for each in tenths]
    settled = [point for point in readings if frames <= point[0] * TENTHS < TENTHS * frames]  # not what comes after the last
    an_hour = slope(settled) * frames / arguments.hours
    return {
        "schema": "vitral.soak/1",
        "machine": machine(),
        "video_hours": arguments.hours,
        "frames": frames,
        "seconds": round(seconds, 1),
        "readings": len(readings),
        "rss_mib_by_tenth": medians,
        "rss_mib_most": round(max(memory for _, memory in readings), 1),
        "growth_mib_an_hour": round(an_hour, 2),
        "flat": max(an_hour, medians[-1] - medians[1]) <= arguments.most_growth,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vitral", required=True)
    parser.add_argument("--video", required=True)
    parser.add_argument("--rate", type=float, default=10, help="frames a second of the video")
    parser.add_argument("--hours", type=float, default=1)
    parser.add_argument("--imgsz", type=int, default=160)
    parser.add_argument("--most-growth", type=float, default=16, help="MiB")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vitral-soak-") as folder:
        report = judge(arguments, *run(arguments, Path(folder)))
    print(json.dumps(report))
    return 0 if report["flat"] else 1


if __name__ == "__main__":
    sys.exit(main())
