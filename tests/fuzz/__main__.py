# SPDX-License-Identifier: Apache-2.0
"""Fuzz every reader for a while each.

python -m tests.fuzz [TARGET ...] [--seconds 60] [--engine auto|atheris|mutate] [--crashes FOLDER] [--seed N]
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from router import logs
from tests.fuzz.engine import has_atheris, mutate, run_atheris
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
_say = partial(print, flush=True)


def main() -> int:
    """Run the chosen targets; 1 if any found something."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", default=[], help=f"default: all of {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--engine", choices=("auto", "atheris", "mutate"), default="auto")
    parser.add_argument("--crashes", type=Path, default=Path(tempfile.gettempdir()) / "complaint-router-crashes")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations")
    parser.add_argument("--atheris-child", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    given = parser.parse_args()
    logs.configure(level="error")
    if given.atheris_child is not None:
        run_atheris(given.targets[0], given.atheris_child)
    if unknown := set(given.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    guided = given.engine == "atheris" or (given.engine == "auto" and has_atheris())
    if not guided and given.engine == "auto":
        _say("atheris is not installed (pip install atheris): seeds are mutated without following coverage")
    _say(f"inputs that break something are written to {given.crashes}\n")
    found = 0
    for name in given.targets or TARGETS:
        found += _guided(name, given) if guided else _mutated(name, given)
    _say(f"\n{found} findings" if found else "\nnothing found")
    return 1 if found else 0


def _mutated(name: str, given: argparse.Namespace) -> int:
    outcome = mutate(TARGETS[name], seconds=given.seconds, seed=given.seed)
    _say(f"{name:16} {outcome.runs:9} runs in {outcome.seconds:.0f} s, slowest {outcome.slowest:.3f} s")
    for (where, _), path in zip(outcome.crashes.items(), outcome.save(name, given.crashes), strict=True):
        _say(f"  {path}\n    {where.strip()[-300:]}")
    return len(outcome.crashes)


def _guided(name: str, given: argparse.Namespace) -> int:
    """One process of atheris, which ends at its first finding."""
    given.crashes.mkdir(parents=True, exist_ok=True)
    before = set(given.crashes.iterdir())
    with tempfile.TemporaryDirectory() as folder:
        for octets in TARGETS[name].seeds():
            (Path(folder) / hashlib.sha256(octets).hexdigest()[:16]).write_bytes(octets)
        words = Path(folder) / "words"
        words.write_text("".join(_quoted(word) for word in TARGETS[name].words))
        command = [
            sys.executable, "-m", "tests.fuzz", name, "--atheris-child", f"-max_total_time={given.seconds:.0f}",
            "-timeout=10", "-rss_limit_mb=2048", "-max_len=20000", f"-dict={words}",
            f"-artifact_prefix={given.crashes}/{name}-", folder,
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, errors="replace", timeout=given.seconds * 2 + 120,
            check=False,
        )  # fmt: skip
    runs = re.findall(r"^(?:Done |#)(\d+)", done.stderr, re.MULTILINE)
    coverage = re.findall(r"cov: (\d+)", done.stderr)
    _say(f"{name:16} {runs[-1] if runs else 0:>9} runs, {coverage[-1] if coverage else 0} edges")
    new = sorted(set(given.crashes.iterdir()) - before)
    for path in new:
        _say(f"  {path}")
    if done.returncode and not new:
        _say(done.stderr[-1_500:])
    elif new:
        _say("    " + done.stdout[-600:].strip().replace("\n", "\n    "))
    return len(new) or (1 if done.returncode else 0)


def _quoted(word: bytes) -> str:
    """A line of a libFuzzer dictionary."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n'


if __name__ == "__main__":
    sys.exit(main())
