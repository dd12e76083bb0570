# SPDX-License-Identifier: Apache-2.0
"""How fast the shipped classifier is on this machine: ``python -m classifiers.bench``."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from classifiers.archive import load
from classifiers.corpus import corpus_files, read_corpus
from classifiers.default import SHIPPED
from classifiers.model import LinearClassifier
from router.interfaces import ClassifierInput

__all__ = ["main", "measure"]

_CHARS = 300
_BATCH = 256


def _texts(count: int) -> list[str]:
    """Messages of about 300 characters, made by joining messages of the corpus of one language."""
    texts: list[str] = []
    rest = ""
    for row in read_corpus(corpus_files()):
        rest = f"{rest} {row.text}".strip()
        if len(rest) >= _CHARS:
            texts.append(rest[:_CHARS])
            rest = ""
    return [texts[i % len(texts)] for i in range(count)]


def _seconds(work: Callable[[], object], repeats: int) -> float:
    """The median time of some runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def measure(model: LinearClassifier, *, repeats: int = 9) -> dict[str, float]:
    """Milliseconds of one message and messages a second in batches of 256, with and without reasons."""
    batch = [ClassifierInput(text=text, channel="email") for text in _texts(_BATCH)]
    model.classify(batch)  # tables that are made when first needed
    found: dict[str, float] = {}
    for name, explain in (("", False), ("_explained", True)):
        singles = [_seconds(lambda one=one, e=explain: model.classify([one], explain=e), 1) for one in batch]  # type: ignore[misc]
        found[f"single_ms{name}"] = round(statistics.median(singles) * 1000, 3)
        seconds = _seconds(lambda e=explain: model.classify(batch, explain=e), repeats)  # type: ignore[misc]
        found[f"batch_per_second{name}"] = round(_BATCH / seconds)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures as JSON."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    start = time.process_time()
    model = load(Path(given[0]) if given else SHIPPED)
    seconds = time.process_time() - start
    sys.stdout.write(json.dumps({"load_seconds": round(seconds, 3), **measure(model)}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
