# SPDX-License-Identifier: Apache-2.0
"""How fast the shipped classifier is on this machine: ``python -m classifiers.bench``.

Times of shared machines swing twofold; so scikit-learn's vectorizers are timed beside it, and ratios can be compared.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from classifiers.archive import load
from classifiers.corpus import corpus_files, read_corpus
from classifiers.default import SHIPPED
from classifiers.model import LinearClassifier
from router.classifier import ClassifierInput

__all__ = ["main", "measure", "measure_start"]

_CHARS = 300
_BATCH = 256
_START = """
import sys, time
start = time.process_time()
from pathlib import Path
from classifiers.archive import load
imported = time.process_time()
model = load(Path(sys.argv[1]))
loaded = time.process_time()
from router.classifier import ClassifierInput
model.classify([ClassifierInput(text="My parcel is late and nobody answers.")] * 2)
first = time.process_time()
# Not ru_maxrss: that of a new process begins with its parent's.
most = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(imported - start, loaded - imported, first - loaded, int(most) / 1024)
"""


def _texts(count: int) -> list[str]:
    """Messages of about 300 characters, made by joining messages of the corpus of one language."""
    texts: list[str] = []
    rest = ""
    for row in read_corpus(corpus_files()):
        rest = f"{rest} {row.text}".strip()
        if len(rest) >= _CHARS:
            texts.append(rest[:_CHARS])
            rest = ""
    step = max(1, len(texts) // count)  # so that all languages are among them
    return [texts[i * step % len(texts)] for i in range(count)]


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(model: LinearClassifier, *, rounds: int = 5) -> dict[str, float]:
    """Milliseconds of one message and messages a second in batches of 256, with and without reasons."""
    batch = [ClassifierInput(text=text, channel="email") for text in _texts(_BATCH)]
    model.classify(batch)  # tables that are made when first needed
    ways = {"": False, "_explained": True}
    singles: dict[str, list[list[float]]] = {name: [] for name in ways}
    batches: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):  # repeats of one thing right after the other would all fall into the same slow moment
        for name, explain in ways.items():
            singles[name].append([_seconds(partial(model.classify, [one], explain=explain)) for one in batch])
            batches[name] += [_seconds(partial(model.classify, batch, explain=explain)) for _ in range(5)]
    found: dict[str, float] = {}
    for name in ways:
        times = list(zip(*singles[name], strict=True))  # of each message
        least, usual = statistics.median(map(min, times)), statistics.median(map(statistics.median, times))
        found[f"single_ms{name}"], found[f"single_ms{name}_best"] = round(usual * 1000, 3), round(least * 1000, 3)
        found |= _per_second(f"batch_per_second{name}", batches[name])
    return found


def measure_vectorizers(repeats: int = 5) -> dict[str, float]:
    """What scikit-learn's vectorizers alone do in the same process: words 1 to 2 and letters 2 to 5."""
    from sklearn.feature_extraction.text import HashingVectorizer

    texts = _texts(_BATCH)
    words, letters = HashingVectorizer(ngram_range=(1, 2)), HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5))
    times = [_seconds(lambda: (words.transform(texts), letters.transform(texts))) for _ in range(repeats)]
    return _per_second("hashing_vectorizers_per_second", times)


def _per_second(name: str, times: Sequence[float]) -> dict[str, float]:
    """Messages a second in the median and in the least of some batches' times."""
    return {name: round(_BATCH / statistics.median(times)), f"{name}_best": round(_BATCH / min(times))}


def measure_start(path: Path) -> dict[str, float]:
    """Processor seconds of a new process to import, to load and for the first message; the most memory it had."""
    done = subprocess.run(  # noqa: S603 - this interpreter, this code
        [sys.executable, "-c", _START, str(path)], capture_output=True, text=True, check=True, timeout=120
    )
    imported, loaded, first, megabytes = map(float, done.stdout.split())
    return {
        "import_seconds": round(imported, 3),
        "load_seconds": round(loaded, 3),
        "first_message_seconds": round(first, 3),
        "peak_memory_megabytes": round(megabytes),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures as JSON."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    path = Path(given[0]) if given else SHIPPED
    figures = {**measure_start(path), **measure(load(path)), **measure_vectorizers()}
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
