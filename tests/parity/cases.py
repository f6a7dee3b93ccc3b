"""What a case is, and what all cases share."""

import enum
import shutil
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from program import Program


class Tier(enum.IntEnum):
    """How often a case runs: `--fast` the first, nothing said the first two, `--full` all."""

    FAST = 0
    DEFAULT = 1
    FULL = 2


@dataclass(frozen=True)
class Case:
    area: str
    model: str
    origin: str
    variant: str
    check: Callable[["Bench"], str]  # gives what was measured; raises Failed or Skipped
    tier: Tier = Tier.DEFAULT

    @property
    def name(self):
        return f"{self.area}/{self.model}/{self.origin}/{self.variant}"


@dataclass
class Bench:
    """Where cases run: the program, a folder for files, and the reference built last."""

    program: Program
    folder: Path
    kept: dict = field(default_factory=dict)

    @contextmanager
    def room(self):
        """An empty folder for one case. Checkpoints are large, so it goes as soon as the case has ended."""
        path = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def once(self, key, make):
        """`make()`, kept until another key is asked for: neighbours share a reference, and only one is in memory."""
        if key not in self.kept:
            self.kept.clear()
            self.kept[key] = make()
        return self.kept[key]
