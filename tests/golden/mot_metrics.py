"""Scores of TrackEval on small sequences with misses, switches, marked-out boxes and distractors.

Writes mot_metrics.json beside this file. Made with trackeval 1.3.0, SciPy 1.17.1 and NumPy 2.4.6:
    python tests/golden/mot_metrics.py
"""

import contextlib
import io
import json
import pathlib
import tempfile

import numpy
import trackeval

import tracking_scenes

BENCHMARKS = {"all": "MOT15", "mot17": "MOT17", "mot20": "MOT20"}


def text(rows):
    return "".join(",".join(f"{x:g}" for x in row) + "\n" for row in rows)


def sequence(random, rules, coarse):
    """Ground truth and results as MOTChallenge text. `coarse`: whole tens, so that overlaps and choices are equal often."""
    truth, results, track_of, kind_of = [], [], {}, {}
    frames = 24
    for number, (crowd, boxes, _) in enumerate(tracking_scenes.scene(random, frames, people=6), start=1):
        for person, box in zip(crowd, boxes):
            box = numpy.round(box, -1 if coarse else 1)
            kind = kind_of.setdefault(person.number, 1 if rules == "all" else int(random.choice([1, 1, 1, 2, 3, 6, 7, 8, 12])))
            truth.append([number, person.number, *box, int(random.random() > 0.08), kind, 1])
            if random.random() < 0.03 or person.number not in track_of:
                track_of[person.number] = len(track_of) + 50 * len(results)
            if random.random() > 0.15:
                moved = box + random.normal(size=4) * box[2] * random.choice([0.03, 0.15])
                moved = numpy.round(numpy.abs(moved) if coarse else moved, -1 if coarse else 1)
                results.append([number, track_of[person.number], *moved[:2], *numpy.maximum(moved[2:], 0), 1, -1, -1, -1])
    return text(random.permutation(truth)), text(random.permutation(results)), frames


def reference(sequences, rules):
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        for name, (truth, results, _) in sequences.items():
            for path, content in ((f"gt/{name}/gt/gt.txt", truth), (f"trackers/t/data/{name}.txt", results)):
                file = pathlib.Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content)
        data = trackeval.datasets.MotChallenge2DBox({
            "GT_FOLDER": f"{folder}/gt", "TRACKERS_FOLDER": f"{folder}/trackers", "TRACKERS_TO_EVAL": ["t"],
            "SEQ_INFO": {name: s[2] for name, s in sequences.items()}, "SKIP_SPLIT_FOL": True, "BENCHMARK": BENCHMARKS[rules]})
        evaluator = trackeval.Evaluator({"BREAK_ON_ERROR": True, "PRINT_RESULTS": False, "OUTPUT_SUMMARY": False,
                                         "OUTPUT_DETAILED": False, "PLOT_CURVES": False, "LOG_ON_ERROR": None})
        metrics = [trackeval.metrics.HOTA(), trackeval.metrics.CLEAR(), trackeval.metrics.Identity()]
        scores, _ = evaluator.evaluate([data], metrics)
    combined = scores["MotChallenge2DBox"]["t"]["COMBINED_SEQ"]["pedestrian"]
    wanted = {"HOTA": ["HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA"],
              "CLEAR": ["CLR_TP", "CLR_FN", "CLR_FP", "IDSW", "Frag", "MT", "PT", "ML", "MOTA", "MOTP", "CLR_Re", "CLR_Pr"],
              "Identity": ["IDTP", "IDFN", "IDFP", "IDF1", "IDR", "IDP"]}
    return {name: numpy.asarray(combined[metric][name]).tolist() for metric, names in wanted.items() for name in names}


def main():
    cases = []
    for seed, (rules, coarse) in enumerate([("all", False), ("all", True), ("mot17", False), ("mot20", True)]):
        random = numpy.random.default_rng(seed)
        sequences = {f"s{i}": sequence(random, rules, coarse) for i in range(1 + seed % 2)}
        cases.append({"rules": rules, "sequences": list(sequences.values()), "scores": reference(sequences, rules)})
    text_of_all = "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n"
    pathlib.Path(__file__).with_suffix(".json").write_text(text_of_all)


if __name__ == "__main__":
    main()
