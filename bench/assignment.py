#!/usr/bin/env python3
"""Times the assignment solver beside SciPy's on the sizes that detectors have: queries x objects.

    assignment.py --solver build/release/bin/solve_assignments
"""

import argparse
import subprocess
import time
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

SIZES = ((100, 20), (300, 100), (300, 300), (900, 100))
ROUNDS, TIMES = 5, 200


def scipy_us(cost):
    fastest = 1e30
    for _ in range(TIMES):
        begin = time.perf_counter()
        linear_sum_assignment(cost)
        fastest = min(fastest, (time.perf_counter() - begin) * 1e6)
    return fastest


def ours_us(solver, cost):
    data = np.int64(1).tobytes() + np.asarray(cost.shape, np.int64).tobytes() + cost.tobytes()
    done = subprocess.run([solver, str(TIMES)], input=data, capture_output=True, check=True)
    return float(done.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--solver", type=Path, required=True, metavar="FILE")
    solver = parser.parse_args().solver
    print("| costs | SciPy us | vitral us | ratio |\n|---|---|---|---|")
    for shape in SIZES:
        cost = np.random.default_rng(0).normal(0, 1, shape)
        turns = [(scipy_us(cost), ours_us(solver, cost)) for _ in range(ROUNDS)]
        theirs, ours = (min(turn[i] for turn in turns) for i in range(2))
        print(f"| {shape[0]}x{shape[1]} | {theirs:.1f} | {ours:.1f} | {ours / theirs:.2f} |")


if __name__ == "__main__":
    main()
