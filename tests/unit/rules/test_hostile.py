# SPDX-License-Identifier: Apache-2.0
"""Rule files made to hang or bloat: each loads or is refused with its place, soon and in little memory."""

from __future__ import annotations

import shutil
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from router.config.loader import load
from router.errors import ConfigError, Mistake

GOOD = Path(__file__).parents[2] / "fixtures" / "config" / "good"
TOP = "root:\n  queue: triage\n  routes:\n"


def routes(count: int, when: str, more: str = "") -> str:
    return TOP + "".join(f"    - {{name: r{n}, when: {when}{more}}}\n" for n in range(count))


def one(when: str) -> str:
    return f"{TOP}    - name: a\n      when: {when}\n"


def many(line: Callable[[int], str], count: int = 11_000) -> str:
    return f"{TOP}    - name: a\n      when:\n" + "".join(f"        {line(n)}\n" for n in range(count))


HOSTILE = {
    "unknown fields": many(lambda n: f"xield{n}: 1"),
    "unknown keys": TOP + "    - name: a\n" + "".join(f"      key{n}: 1\n" for n in range(11_000)),
    "unknown values": one("{type: [" + ", ".join(f"biling{n}" for n in range(20_000)) + "]}"),
    "unknown queues": routes(2_400, "{type: billing}", ", queue: biling"),
    "same names": TOP + "    - {name: a, when: {type: billing}}\n" * 3_000,
    "too large patterns": routes(2_000, "{text: {matches: '\\pL{900}'}}"),
    "large patterns": routes(2_000, "{text: {matches: '\\pL{10}'}}"),
    "large patterns in expressions": routes(290, "{cel: 'text.matches(\"\\\\pL{30}\")'}"),
    "wrong expressions": routes(2_000, "{cel: 'lenght > 1'}"),
    "long expressions": routes(300, "{cel: '" + "length > 1 && " * 45 + "true'}"),
    "nested any": one("{any: [" * 15 + "{type: billing}" + "]}" * 15),
    "nested not": one("{not: " * 40 + "{type: billing}" + "}" * 40),
    "many tags": TOP + "    - {name: a, when: {type: billing}, tags: [" + "x, " * 20_000 + "x]}\n",
    "many words": one("{text: {contains: [" + "word, " * 20_000 + "x]}}"),
    "long text": one('{subject: "' + "x" * 400_000 + '"}'),
    "open fields": many(lambda n: f"fields.x{n}: a"),
    "wrong unions": routes(1_500, "{type: billing}", ", urgency: {a: b}"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_load_hostile_rules_ends_soon_and_with_places(text: str, tmp_path: Path) -> None:
    """CPU time stays in seconds (2 promised; the bound allows for slow machines) and mistakes are few and placed."""
    folder = Path(shutil.copytree(GOOD, tmp_path / "config"))
    (folder / "rules.yaml").write_text(text, encoding="utf-8")
    start = time.process_time()
    mistakes: tuple[Mistake, ...] = ()
    try:
        load(folder)
    except ConfigError as error:
        mistakes = error.mistakes
    assert len(mistakes) <= 200
    assert all(mistake.line for mistake in mistakes)
    assert time.process_time() - start < 6


def test_load_hostile_rules_takes_little_memory(tmp_path: Path) -> None:
    """The worst of them by nodes stays far below 128 MiB of our own objects."""
    folder = Path(shutil.copytree(GOOD, tmp_path / "config"))
    (folder / "rules.yaml").write_text(many(lambda n: f"fields.x{n}: a", 2_500), encoding="utf-8")
    tracemalloc.start()
    load(folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 1024 * 1024
