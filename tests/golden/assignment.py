"""Assignments of SciPy's linear_sum_assignment, ties, forbidden pairs and rectangular shapes included.

Writes assignment.json beside this file. Made with SciPy 1.17.1 and NumPy 2.4.6:
    python tests/golden/assignment.py
"""

import json
import pathlib

import numpy
from scipy.optimize import linear_sum_assignment


def costs(random, kind, rows, cols):
    """One matrix of whole numbers; None stands for +inf. Whole numbers keep the file small and every sum exact."""
    if kind == "wide":
        return random.integers(-(10**6), 10**6, (rows, cols)).astype(float)
    if kind == "constant":
        return numpy.full((rows, cols), 3.0)
    matrix = random.integers(0, 4, (rows, cols)).astype(float)  # ties everywhere
    if kind == "forbidden":
        matrix[random.random((rows, cols)) < 0.9 * random.random()] = numpy.inf
    return matrix


def case(random, kind, rows, cols):
    matrix = costs(random, kind, rows, cols)
    maximize = bool(random.integers(2))
    entry = {"maximize": maximize, "cost": [[None if numpy.isinf(x) else int(x) for x in row] for row in matrix]}
    try:
        row, col = linear_sum_assignment(numpy.where(numpy.isinf(matrix), -numpy.inf, matrix) if maximize else matrix, maximize)
        entry["pairs"] = numpy.stack([row, col], 1).tolist()
    except ValueError:
        entry["pairs"] = None  # infeasible
    return entry


def main():
    random = numpy.random.default_rng(20)
    shapes = [(1, 1), (1, 9), (9, 1), (2, 3), (5, 5), (4, 11), (13, 6), (16, 16), (7, 31), (30, 20)]
    cases = [case(random, kind, *shape) for kind in ("wide", "ties", "constant", "forbidden", "forbidden") for shape in shapes]
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")


if __name__ == "__main__":
    main()
