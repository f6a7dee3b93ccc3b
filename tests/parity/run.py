#!/usr/bin/env python3
"""Compares the program with the real timm, torchvision and transformers.

    run.py --vitral build/release/bin/vitral [--fast | --full] [--only 'forward/deit*'] [--list] [--report FILE.json]

One line a case (what was measured, how long it took), one closing line; exit code 1 where a case failed.
"""

import argparse
import fnmatch
import json
import os
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

# Before torch is imported: threads that wait must not burn the cores that the program under test computes on, and no
# library may go looking for files on the network.
os.environ.update(OMP_WAIT_POLICY="PASSIVE", HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
warnings.filterwarnings("ignore")

from cases import Bench, Tier  # noqa: E402
from program import Failed, Program, Skipped  # noqa: E402


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vitral", type=Path, required=True, metavar="FILE", help="the program")
    parser.add_argument(
        "--only", action="append", metavar="GLOB", help="cases whose name matches, of any tier; may be repeated"
    )
    parser.add_argument("--list", action="store_true", help="show the names of the cases")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the results as JSON")
    tier = parser.add_mutually_exclusive_group()
    tier.add_argument(
        "--fast", dest="tier", action="store_const", const=Tier.FAST, help="small models only, about two minutes"
    )
    tier.add_argument(
        "--full", dest="tier", action="store_const", const=Tier.FULL, help="every origin of every model, about an hour"
    )
    parser.set_defaults(tier=Tier.DEFAULT)
    return parser.parse_args(arguments)


def collect(registered):
    from transformers.utils.logging import disable_progress_bar

    from adaptation import adaptation_cases
    from assignment import assignment_cases
    from catalogue import catalogue_cases
    from conversion import conversion_cases
    from detection import detection_cases
    from evaluation import evaluation_cases
    from explanations import explanation_cases
    from exports import export_cases
    from faults import fault_cases
    from layers import layer_cases
    from pixels import pixel_cases
    from published import published_cases
    from selfcheck import selfcheck_cases
    from sentences import sentence_cases
    from tables import forward_cases
    from tracking import tracking_cases
    from videos import video_cases

    disable_progress_bar()
    return [
        *selfcheck_cases(),
        *fault_cases(),
        *assignment_cases(),
        *evaluation_cases(),
        *video_cases(),
        *tracking_cases(),
        *explanation_cases(),
        *sentence_cases(),
        *catalogue_cases(registered),
        *published_cases(),
        *pixel_cases(registered),
        *detection_cases(),
        *conversion_cases(registered),
        *export_cases(),
        *forward_cases(registered),
        *adaptation_cases(),
        *layer_cases(),
    ]


def chosen(cases, options):
    if options.only:
        return [case for case in cases if any(fnmatch.fnmatch(case.name, pattern) for pattern in options.only)]
    return [case for case in cases if case.tier <= options.tier]


def run(case, bench):
    """-> (status, what was measured or why it failed, seconds)"""
    start = time.monotonic()
    try:
        status, text = "passed", case.check(bench)
    except Failed as failure:
        status, text = "failed", str(failure)
    except Skipped as reason:
        status, text = "skipped", str(reason)
    except Exception as error:  # a broken case must not end the suite, and must not look like success
        where = traceback.extract_tb(error.__traceback__)[-1]
        status, text = (
            "failed",
            f"{type(error).__name__} in {Path(where.filename).name}:{where.lineno}: {str(error)[:300]}",
        )
    return status, text, time.monotonic() - start


def run_all(cases, bench):
    results = []
    for number, case in enumerate(cases, 1):
        status, text, seconds = run(case, bench)
        print(f"[{number}/{len(cases)}] {status:7} {case.name:70} {text}  {seconds:.1f} s", flush=True)
        results.append({"name": case.name, "status": status, "text": text, "seconds": round(seconds, 2)})
    return results


def main(arguments=None):
    options = parse(arguments)
    program = Program(options.vitral)
    registered = program.models()
    cases = chosen(collect(registered), options)
    if options.list:
        print(*(case.name for case in cases), sep="\n")
        return 0
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        results = run_all(cases, Bench(program, Path(folder)))
    counts = {
        status: sum(result["status"] == status for result in results) for status in ("passed", "failed", "skipped")
    }
    for result in results:
        if result["status"] == "failed":
            print(f"FAILED {result['name']}: {result['text']}")
    summary = ", ".join(f"{count} {status}" for status, count in counts.items())
    print(f"{summary} in {time.monotonic() - start:.0f} s")
    if options.report:
        options.report.write_text(json.dumps({"counts": counts, "cases": results}, indent=1))
    return 0 if results and not counts["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
