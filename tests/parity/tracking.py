"""`vitral track` against the authors' ByteTrack, `vitral eval --task track` against TrackEval, on seeded sequences."""

import sys
from functools import partial
from pathlib import Path

import numpy as np

from cases import Bench, Case, Tier
from program import Failed

# The scenes and the references are those of the golden numbers; here they run with other seeds.
sys.path.append(str(Path(__file__).resolve().parents[1] / "golden"))
import byte_tracker  # noqa: E402
import mot_metrics  # noqa: E402
import tracking_scenes  # noqa: E402

SEQUENCES, FRAMES = 20, 300
LIMIT_PIXELS = 2e-6  # the text has millionths
LIMIT_SCORE = 1e-9


def options(seed):
    """The authors' settings for MOT17 and others, a different set every sequence."""
    thresholds = [(0.5, 0.8), (0.6, 0.9), (0.4, 0.7)][seed % 3]
    return {
        "track_thresh": thresholds[0],
        "match_thresh": thresholds[1],
        "track_buffer": [30, 3, 0, 60][seed % 4],
        "frame_rate": [30, 10][seed // 10],
    }


def walk(seed):
    """-> (truth as MOTChallenge rows, detections of each frame)"""
    random = np.random.default_rng(1000 + seed)
    truth, found = [], []
    for number, (crowd, boxes, hidden) in enumerate(tracking_scenes.scene(random, FRAMES, people=5 + seed), start=1):
        truth += [[number, person.number, *box, 1, 1, 1] for person, box in zip(crowd, boxes)]
        found.append(tracking_scenes.detections(random, crowd, boxes, hidden))
    return truth, found


def theirs(module, found, settings):
    module.BaseTrack._count = 0
    tracker = module.BYTETracker(**settings)
    for rows in found:
        table = np.zeros((len(rows), 6))
        table[:, :5] = np.array(rows).reshape(-1, 5)
        table[:, 2:4] += table[:, :2]
        tracks = tracker.update(table.view(byte_tracker.Detections), None)
        yield np.asarray(tracks).reshape(-1, 7)


def lines(frames):
    return "".join(f"{n},-1," + ",".join(repr(float(v)) for v in row) + "\n" for n, f in enumerate(frames, 1) for row in f)


def ours(bench, folder, found, settings):
    (folder / "det.txt").write_text(lines(found))
    track, buffer = settings["track_thresh"], settings["track_buffer"] / 30
    (folder / "t.toml").write_text(
        f"track = {track}\nnew_track = {track + 0.1!r}\nmatch = {settings['match_thresh']}\nbuffer = {buffer!r}\n"
    )
    flags = ["--mot", folder / "tracks.txt", "--tracker", folder / "t.toml", "--fps", settings["frame_rate"], "-y", "-q"]
    bench.program.succeed("track", "--detections", folder / "det.txt", *flags)
    rows = [[float(v) for v in line.split(",")] for line in (folder / "tracks.txt").read_text().splitlines()]
    return [[row for row in rows if row[0] == number] for number in range(1, FRAMES + 1)]


def same(number, frame, ours_rows, their_rows):
    ids = [int(row[1]) for row in ours_rows]
    if ids != their_rows[:, 4].astype(int).tolist():
        raise Failed(f"sequence {number}, frame {frame}: tracks {ids} instead of {their_rows[:, 4].astype(int).tolist()}")
    if not ids:
        return 0.0
    corners = np.array([[x, y, x + w, y + h] for _, _, x, y, w, h, *_ in ours_rows])
    return float(np.abs(corners - their_rows[:, :4]).max())


def check_tracks(bench: Bench):
    module = byte_tracker.reference()
    worst, count, identity = 0.0, 0, []
    with bench.room() as folder:
        for seed in range(SEQUENCES):
            truth, found = walk(seed)
            mine = ours(bench, folder, found, options(seed))
            for frame, (a, b) in enumerate(zip(mine, theirs(module, found, options(seed)), strict=True), 1):
                worst, count = max(worst, same(seed, frame, a, b)), count + len(a)
            (folder / "gt.txt").write_text(mot_metrics.text(truth))
            scores = evaluate(bench, folder / "gt.txt", folder / "tracks.txt", "all")
            identity.append(scores["IDF1"])
    if not worst <= LIMIT_PIXELS:
        raise Failed(f"boxes differ by {worst} pixels")
    return f"{SEQUENCES} sequences, {count} boxes, same ids, {worst:.0e} pixels, mean IDF1 {np.mean(identity):.3f}"


def evaluate(bench, truth, results, rules):
    flags = ["--gt", truth, "--dt", results, "--mot-rules", rules, "--json", "-"]
    return bench.program.succeed("eval", "--task", "track", *flags).json()["stats"]


def check_scores(rules, coarse, bench: Bench):
    random = np.random.default_rng(77)
    sequences = {f"s{i}": mot_metrics.sequence(random, rules, coarse) for i in range(6)}
    expected = mot_metrics.reference(sequences, rules)
    with bench.room() as folder:
        for name, (truth, results, frames) in sequences.items():
            (folder / "gt" / name / "gt").mkdir(parents=True)
            (folder / "dt").mkdir(exist_ok=True)
            (folder / "gt" / name / "gt" / "gt.txt").write_text(truth)
            (folder / "gt" / name / "seqinfo.ini").write_text(f"[Sequence]\nseqLength={frames}\n")
            (folder / "dt" / f"{name}.txt").write_text(results)
        stats = evaluate(bench, folder / "gt", folder / "dt", rules)
    differences = {name: abs(stats[name] - float(np.mean(value))) for name, value in expected.items()}
    worst = max(differences, key=differences.get)
    if not differences[worst] <= LIMIT_SCORE:
        raise Failed(f"{worst} is {stats[worst]}, TrackEval's is {np.mean(expected[worst])}")
    return f"{len(expected)} scores, {differences[worst]:.0e}, HOTA {stats['HOTA']:.3f}"


def tracking_cases():
    return [
        Case("tracking", "bytetrack", "bytetracker", "seeded", check_tracks, Tier.FAST),
        *(
            Case("tracking", f"scores-{rules}", "trackeval", kind, partial(check_scores, rules, kind == "ties"), Tier.FAST)
            for rules in ("all", "mot17", "mot20")
            for kind in ("random", "ties")
        ),
    ]
