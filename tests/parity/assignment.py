"""The assignment solver against SciPy's on random matrices, pair for pair: all shapes, ties, forbidden pairs."""

import subprocess

import numpy as np
from scipy.optimize import linear_sum_assignment

from cases import Bench, Case, Tier
from program import Failed, Skipped

COUNT = 10_000


def tool(bench):
    """Built with the tests, beside the program."""
    path = bench.program.path.parent / "solve_assignments"
    if not path.exists():
        raise Skipped("solve_assignments is not beside the program")
    return path


def matrices(count, seed=0):
    draw = np.random.default_rng(seed)
    for i in range(count):
        shape = draw.integers(1, 40, 2) if i % 10 else draw.integers(1, 130, 2)
        cost = draw.normal(0, 1, shape)
        if i % 4 == 1:
            cost = np.round(cost * 2) / 2  # ties
        if i % 4 == 2:
            cost = cost * 10.0 ** draw.integers(-9, 9, shape)
        if i % 4 == 3:  # forbidden pairs that leave a way
            forbidden = draw.random(shape) < 0.3
            np.fill_diagonal(forbidden, False)
            cost[forbidden] = np.inf
        yield np.ascontiguousarray(cost)


def packed(problems):
    parts = [np.int64(len(problems)).tobytes()]
    for cost in problems:
        parts += [np.asarray(cost.shape, np.int64).tobytes(), cost.tobytes()]
    return b"".join(parts)


def check(bench: Bench) -> str:
    problems = list(matrices(COUNT))
    done = subprocess.run([tool(bench)], input=packed(problems), capture_output=True, check=True)
    pairs = np.frombuffer(done.stdout, np.int64).reshape(-1, 2)
    place = 0
    for number, cost in enumerate(problems):
        count = min(cost.shape)
        ours, place = pairs[place : place + count], place + count
        if not np.array_equal(ours, np.stack(linear_sum_assignment(cost), 1)):
            raise Failed(f"matrix {number} of {cost.shape}: other pairs than SciPy's")
    if place != len(pairs):
        raise Failed(f"{len(pairs)} pairs instead of {place}")
    return f"{COUNT} matrices, {place} pairs, all equal"


def assignment_cases():
    return [Case("assignment", "linear", "scipy", "random", check, Tier.FAST)]
