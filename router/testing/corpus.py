# SPDX-License-Identifier: Apache-2.0
"""A handful of labelled messages for tests that train."""

from __future__ import annotations

import hashlib
from pathlib import Path

from classifiers.corpus import CLAUSE, corpus_files

__all__ = ["write_few"]


def write_few(path: Path, count: int) -> Path:
    """Write some whole messages of the corpus, nearly the same ones when it grows; returns the path."""
    lines = [line for file in corpus_files() for line in file.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if f'"source": "{CLAUSE}"' not in line]
    lines.sort(key=lambda line: hashlib.sha256(line.encode()).digest())
    path.write_text("\n".join(lines[:count]), encoding="utf-8")
    return path
