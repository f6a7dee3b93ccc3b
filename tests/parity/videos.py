"""`vitral detect` on video files against ffprobe: every frame, its time, its size; what is saved; damaged files."""

import json
import shutil
import subprocess
from fractions import Fraction
from functools import partial
from pathlib import Path

import torch
from yolox.config import YoloxConfig

from cases import Bench, Case, Tier
from program import Failed, Skipped

MODEL = "yolox_nano"
LIMIT_MS = 1e-3
# name -> how FFmpeg makes it: codecs, containers, rates as fractions, variable rates, B-frames, rotation, other pixels
CLIPS = {
    "h264-ntsc.mp4": ["-r", "30000/1001", "-c:v", "libx264", "-bf", "3"],
    "h264-film.mkv": ["-r", "24000/1001", "-c:v", "libx264"],
    "h264-1080i.ts": ["-r", "25", "-c:v", "libx264"],
    "mpeg4.avi": ["-r", "15", "-c:v", "mpeg4", "-q:v", "4"],
    "mjpeg.avi": ["-r", "10", "-c:v", "mjpeg", "-q:v", "5"],
    "vp9.webm": ["-r", "25", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
    "variable.mp4": ["-vf", "select='not(mod(n\\,3))+not(mod(n\\,7))'", "-fps_mode", "vfr", "-c:v", "libx264"],
    "odd.mkv": ["-vf", "scale=163:97", "-r", "25", "-c:v", "mpeg4"],
    "yuv444.mp4": ["-r", "25", "-pix_fmt", "yuv444p", "-c:v", "libx264"],
}


def examples():
    folder = Path(__file__).resolve().parents[2] / ".deps" / "videos"
    return sorted(folder.glob("*.avi"))


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, capture_output=True)


def make(folder: Path, name: str) -> Path:
    path = folder / name
    source = ["-f", "lavfi", "-i", "testsrc2=duration=2:size=160x120:rate=30"]
    ffmpeg(*source, *CLIPS[name], path)
    return path


def probe(path: Path, entries: str):
    found = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "json", str(path)],
        check=True,
        capture_output=True,
    )
    return json.loads(found.stdout)


def frame_times(path: Path):
    """Milliseconds from the first frame on, in the order of display."""
    report = probe(path, "frame=best_effort_timestamp:stream=time_base")
    above, below = map(int, report["streams"][0]["time_base"].split("/"))
    stamps = [frame["best_effort_timestamp"] for frame in report["frames"]]
    return [(stamp - stamps[0]) * above / below * 1000 for stamp in stamps]


def weights(folder: Path) -> Path:
    """YOLOX-nano as its authors build it, with random numbers: which boxes come out does not matter here."""
    torch.manual_seed(0)
    model = YoloxConfig.get_named_config("yolox_nano").get_model()
    model.head.initialize_biases(1e-2)
    torch.save({"model": model.state_dict()}, folder / "nano.pth")
    return folder / "nano.pth"


def detect(bench, folder, path, *flags):
    if shutil.which("ffprobe") is None:
        raise Skipped("ffprobe is not here")
    if MODEL not in bench.program.models():
        raise Skipped(f"{MODEL} is not in this build")
    model = ["-m", MODEL, "-w", weights(folder), "--imgsz", "64"]
    return bench.program.succeed("detect", *model, path, "--json", "-", *flags)


def same_times(records, times):
    frames = [record for record in records if "frame" in record]
    if [record["frame"] for record in frames] != list(range(len(times))):
        raise Failed(f"{len(frames)} frames instead of {len(times)}")
    worst = max(abs(record["t_ms"] - t) for record, t in zip(frames, times, strict=True))
    if not worst <= LIMIT_MS:
        raise Failed(f"times differ by {worst} ms")
    summary = records[-1]
    if summary["schema"] != "vitral.summary/1" or summary["frames_out"] != len(times) or summary["failed"]:
        raise Failed(f"the summary says {summary}")
    return worst


def check_times(make_path, bench: Bench):
    with bench.room() as folder:
        path = make_path(folder)
        records = detect(bench, folder, path).records()
        times = frame_times(path)
        worst = same_times(records, times)
        stream = probe(path, "stream=width,height")["streams"][0]
    if records[0]["size"] != [stream["width"], stream["height"]]:
        raise Failed(f"size {records[0]['size']} instead of {stream}")
    return f"{len(times)} frames, {worst:.0e} ms"


def check_saved(name, stride, bench: Bench):
    with bench.room() as folder:
        path = make(folder, name)
        detect(bench, folder, path, "-o", folder / "saved.mp4", "--vid-stride", str(stride))
        rate = probe(path, "stream=r_frame_rate")["streams"][0]["r_frame_rate"]
        saved = probe(folder / "saved.mp4", "stream=r_frame_rate,codec_name,width,height")["streams"][0]
        ours, theirs = frame_times(folder / "saved.mp4"), frame_times(path)[::stride]
    if Fraction(saved["r_frame_rate"]) != Fraction(rate) / stride:
        raise Failed(f"rate {saved['r_frame_rate']} instead of {rate} / {stride}")
    if len(ours) != len(theirs):
        raise Failed(f"{len(ours)} frames instead of {len(theirs)}")
    worst = max(abs(a - b) for a, b in zip(ours, theirs))
    if not worst <= 1:
        raise Failed(f"times of the saved video differ by {worst} ms")
    return f"{len(ours)} frames of {saved['codec_name']} at {saved['r_frame_rate']}"


def check_cut(name, share, bench: Bench):
    """What is before the end comes out, and the end is a failure that is counted and named."""
    with bench.room() as folder:
        path = make(folder, name)
        data = path.read_bytes()
        cut = folder / f"cut-{name}"
        cut.write_bytes(data[: int(len(data) * share)])
        outcome = detect(bench, folder, cut)
        frames = len(frame_times(path))
    summary = outcome.records()[-1]
    if summary["failed"] != {"damaged": 1} or summary["frames_in"] != summary["frames_out"] + 1:
        raise Failed(f"the summary says {summary}")
    if not share * frames * 0.5 < summary["frames_out"] < frames:
        raise Failed(f"{summary['frames_out']} of {frames} frames")
    if cut.name not in outcome.err.decode():
        raise Failed("nothing names the file")
    return f"{summary['frames_out']} of {frames} frames"


def check_scratched(name, bench: Bench):
    """Bytes in the middle are overwritten: the frames before them come out, then a failure is counted."""
    with bench.room() as folder:
        path = make(folder, name)
        packets = probe(path, "packet=pos,size,pts_time")["packets"]
        victim = next(p for p in packets[len(packets) // 2 :] if int(p["size"]) > 200)
        data = bytearray(path.read_bytes())
        begin = int(victim["pos"]) + int(victim["size"]) // 4
        end = int(victim["pos"]) + int(victim["size"])
        data[begin:end] = bytes((i * 89 + 7) % 256 for i in range(end - begin))
        path.write_bytes(data)
        summary = detect(bench, folder, path).records()[-1]
        frames = len(packets)
    if not summary["failed"] or not frames * 0.3 < summary["frames_out"] < frames:
        raise Failed(f"the summary says {summary}")
    return f"{summary['frames_out']} of {frames} frames, then {summary['failed']}"


def video_cases():
    def case(name, variant, check, tier=Tier.DEFAULT):
        return Case("video", name, "ffprobe", variant, check, tier)

    return [
        *(case(name, "times", partial(check_times, lambda folder, name=name: make(folder, name)), Tier.FAST) for name in CLIPS),
        *(case(path.name, "times", partial(check_times, lambda _, path=path: path)) for path in examples()),
        case("h264-ntsc.mp4", "saved", partial(check_saved, "h264-ntsc.mp4", 1), Tier.FAST),
        case("h264-ntsc.mp4", "saved-stride", partial(check_saved, "h264-ntsc.mp4", 3)),
        case("h264-film.mkv", "saved", partial(check_saved, "h264-film.mkv", 1)),
        *(case(name, "cut", partial(check_cut, name, 0.6)) for name in ("mpeg4.avi", "h264-film.mkv", "h264-1080i.ts", "vp9.webm")),
        *(case(name, "scratched", partial(check_scratched, name)) for name in ("h264-ntsc.mp4", "mpeg4.avi", "h264-film.mkv")),
    ]
