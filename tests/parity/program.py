"""Calls the program under test and holds it to its contract: exit code, streams, one line for an error."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


class Failed(Exception):
    """The program did something else than the reference or the contract."""


class Skipped(Exception):
    """This machine lacks what the case needs."""


@dataclass(frozen=True)
class Outcome:
    code: int
    out: bytes
    err: bytes
    seconds: float

    def json(self):
        return json.loads(self.out)

    def records(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def errors(self):
        return [line for line in self.err.decode(errors="replace").splitlines() if line.startswith("vitral: error:")]


class Program:
    def __init__(self, path: Path, timeout=900):
        self.path = path.resolve()
        self.timeout = timeout

    def run(self, *arguments, stdin=b"", env=None, cwd=None) -> Outcome:
        start = time.monotonic()
        done = subprocess.run(
            [self.path, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            timeout=self.timeout,
            env={**os.environ, "VITRAL_HOME": os.devnull, **(env or {})},  # no weights but those that a case names
            cwd=cwd,
        )
        return Outcome(done.returncode, done.stdout, done.stderr, time.monotonic() - start)

    def succeed(self, *arguments, **options) -> Outcome:
        outcome = self.run(*arguments, **options)
        if outcome.code != 0:
            raise Failed(f"exit {outcome.code}: {_last_line(outcome)}")
        if outcome.errors():
            raise Failed(f"exit 0, but {outcome.errors()[0]}")
        return outcome

    def fail(self, code, *arguments, reports=False, **options) -> str:
        """Runs what has to fail with `code` and gives its one error line. `reports`: results may come before it."""
        outcome = self.run(*arguments, **options)
        if outcome.code != code:
            raise Failed(f"exit {outcome.code} instead of {code}: {_last_line(outcome)}")
        errors = outcome.errors()
        if len(errors) != 1:
            raise Failed(f"{len(errors)} error lines instead of one: {outcome.err[:300]!r}")
        if outcome.out and not reports:
            raise Failed(f"standard output is not empty: {outcome.out[:200]!r}")
        if len(errors[0]) > 2000:
            raise Failed(f"an error line of {len(errors[0])} characters")
        try:
            outcome.err.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Failed(f"standard error is no UTF-8: {error}") from error
        return errors[0]

    def models(self):
        """name -> record of every registered model."""
        return {model["name"]: model for model in self.succeed("models", "list", "--json", "-").json()["models"]}


def _last_line(outcome):
    if outcome.errors():
        return outcome.errors()[0]
    lines = (outcome.err or outcome.out).decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no output"
