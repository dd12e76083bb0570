# SPDX-License-Identifier: Apache-2.0
"""Two ways to find inputs: atheris, which follows coverage, and plain mutation of seeds where it is not installed."""

from __future__ import annotations

import hashlib
import importlib
import random
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.targets import TARGETS, Target

__all__ = ["Outcome", "has_atheris", "mutate", "run_atheris"]

SLOW_SECONDS = 2.0
_FOLLOWED = ("channels.", "router.parsing.", "router.config.document", "router.replies.templates", "tests.fuzz.targets")
MOST_BYTES = 100_000


@dataclass
class Outcome:
    """What came of one target."""

    runs: int = 0
    seconds: float = 0.0
    slowest: float = 0.0  # processor seconds of one input
    crashes: dict[str, bytes] = field(default_factory=dict)  # what broke, and where, to the first input that did it

    def save(self, name: str, folder: Path) -> list[Path]:
        """Write each input that broke something, named by its digest."""
        written = []
        for octets in self.crashes.values():
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{name}-{hashlib.sha256(octets).hexdigest()[:16]}"
            path.write_bytes(octets)
            written.append(path)
        return written


def has_atheris() -> bool:
    try:
        importlib.import_module("atheris")
    except ImportError:
        return False
    return True


def mutate(target: Target, *, seconds: float, runs: int | None = None, seed: int = 0) -> Outcome:
    """Change seeds at random, the same way for the same seed, until the time or the number of runs is used up."""
    chance, outcome = random.Random(seed), Outcome()
    seeds = [octets[:MOST_BYTES] for octets in target.seeds()] or [b""]
    began = time.monotonic()
    while time.monotonic() - began < seconds and (runs is None or outcome.runs < runs):
        octets = _changed(chance.choice(seeds), seeds, target.words, chance)
        before = time.process_time()
        try:
            target.run(octets)
        except Exception as error:  # whatever it is, it is a finding
            frame = traceback.extract_tb(error.__traceback__)[-1]
            outcome.crashes.setdefault(f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}", octets)
        spent = time.process_time() - before
        if spent > SLOW_SECONDS:
            outcome.crashes.setdefault(f"took {spent:.0f} s", octets)
        outcome.slowest = max(outcome.slowest, spent)
        outcome.runs += 1
    outcome.seconds = time.monotonic() - began
    return outcome


def _changed(octets: bytes, seeds: list[bytes], words: tuple[bytes, ...], chance: random.Random) -> bytes:
    made = bytearray(octets)
    for _ in range(1 << chance.randrange(5)):
        at = chance.randrange(len(made) + 1)
        until = min(len(made), at + (1 << chance.randrange(8)))
        match chance.randrange(8):
            case 0:
                made[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del made[at:until]
            case 2:
                made[at:at] = made[at:until] * chance.choice((1, 2, 50))
            case 3 | 4 if words:
                made[at:at] = chance.choice(words)
            case 5 if words:
                made[at:until] = chance.choice(words)
            case 6:
                other = chance.choice(seeds)
                start = chance.randrange(len(other) + 1)
                made[at:until] = other[start : start + (1 << chance.randrange(10))]
            case _:
                if at < len(made):
                    made[at] ^= 1 << chance.randrange(8)
    return bytes(made[:MOST_BYTES])


def run_atheris(name: str, arguments: list[str]) -> None:
    """Fuzz one target with coverage; never returns. ``arguments`` are those of libFuzzer."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(
        include=["channels", "router.parsing", "router.config.document", "router.replies.templates"]
    ):
        before = [module for module in sys.modules if module.startswith(_FOLLOWED)]
        for module in before:  # imported without coverage
            del sys.modules[module]
        for module in before:  # each anew, so that its package names the new one
            importlib.import_module(module)
        targets = importlib.import_module("tests.fuzz.targets").TARGETS
        if name in TARGETS and hasattr(targets[name].run, "args"):
            importlib.import_module(f"channels.{name}.parse")
    atheris.Setup([f"fuzz-{name}", *arguments], targets[name].run)
    atheris.Fuzz()
