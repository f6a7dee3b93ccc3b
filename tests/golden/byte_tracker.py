"""Tracks of the authors' ByteTrack on synthetic detections.

The Python package bytetracker 0.3.2 is the authors' algorithm with two packaging faults, which are undone here: centres were
handed over as corners (in and out), and the list of weak detections was cut to the length of the sure ones.

Writes byte_tracker.json beside this file. Made with bytetracker 0.3.2, lap 0.5.13, SciPy 1.17.1 and NumPy 2.4.6:
    python tests/golden/byte_tracker.py
"""

import inspect
import json
import pathlib
import sys
import types

import numpy

import tracking_scenes


class Detections(numpy.ndarray):
    def numpy(self):
        return numpy.asarray(self)


def reference():
    """The tracker's module with the faults undone. It needs PyTorch for one isinstance only, and a stand-in serves."""
    sys.modules.setdefault("torch", types.SimpleNamespace(Tensor=type("Tensor", (), {})))
    import bytetracker.byte_tracker as original

    source = inspect.getsource(original).replace("clss_second = classes[remain_inds]", "clss_second = classes[inds_second]")
    module = types.ModuleType("byte_tracker")
    exec(compile(source, "byte_tracker", "exec"), module.__dict__)
    module.xyxy2xywh = lambda box: numpy.concatenate([box[:, :2], box[:, 2:] - box[:, :2]], 1)
    module.xywh2xyxy = lambda box: numpy.concatenate([box[:, :2], box[:, 2:] + box[:, :2]], 1)
    return module


def main():
    module = reference()
    options = [
        {"track_thresh": 0.5, "match_thresh": 0.8, "track_buffer": 30, "frame_rate": 30},
        {"track_thresh": 0.6, "match_thresh": 0.9, "track_buffer": 3, "frame_rate": 30},
        {"track_thresh": 0.4, "match_thresh": 0.7, "track_buffer": 30, "frame_rate": 10},
        {"track_thresh": 0.5, "match_thresh": 0.8, "track_buffer": 0, "frame_rate": 30},
    ]
    cases = []
    for seed, option in enumerate(options):
        random = numpy.random.default_rng(100 + seed)
        module.BaseTrack._count = 0
        tracker = module.BYTETracker(**option)
        frames = []
        for number, state in enumerate(tracking_scenes.scene(random, frames=100, people=7)):
            found = tracking_scenes.detections(random, *state)
            rows = numpy.zeros((len(found), 6))
            rows[:, :5] = numpy.array(found).reshape(-1, 5)
            rows[:, 2:4] += rows[:, :2]
            tracks = numpy.asarray(tracker.update(rows.view(Detections), None)).reshape(-1, 7)
            frame = {"detections": found, "ids": tracks[:, 4].astype(int).tolist(), "scores": tracks[:, 6].tolist()}
            if number % 10 == 9:
                frame["boxes"] = numpy.round(tracks[:, :4], 7).tolist()
            frames.append(frame)
        cases.append({**option, "frames": frames})
    text = "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n"
    pathlib.Path(__file__).with_suffix(".json").write_text(text)


if __name__ == "__main__":
    main()
