# SPDX-License-Identifier: Apache-2.0
"""The linear model of languages, and its file: a ZIP with a JSON manifest and one NumPy array, nothing that can run.

It is no part of a classifier's archive, for it does not depend on the messages of an installation.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from classifiers.gather import add_rows
from classifiers.letters import LetterSettings, find_letters
from classifiers.normalize import Block, IntArray
from classifiers.zipped import read_zip, write_zip
from router.errors import ModelError
from router.schema import Frozen

__all__ = ["SHIPPED_HEAD", "LanguageHead", "load_head", "save_head"]

SHIPPED_HEAD = Path(__file__).parent / "models" / "language.zip"
FORMAT = 1
_MAX_FILE = 32 * 1024 * 1024
_MAX_ENTRY = 64 * 1024 * 1024
_ENTRIES = ("manifest.json", "weights.npy")
_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LanguageHead:
    """Languages, and what each bucket of letter n-grams says for each of them."""

    languages: tuple[str, ...]
    settings: LetterSettings
    weights: _Floats  # shape (2 ** bits, languages), scaled so that the softmax of scores is an honest probability
    card: dict[str, Any] = field(default_factory=dict)

    def score(self, block: Block) -> tuple[_Floats, IntArray]:
        """Score each text of a block.

        Returns:
            Logarithms of probabilities but for a constant a text, shape (texts, languages); and letters read, (texts,).
        """
        found = find_letters(block, self.settings)
        if block.size == 1:
            return add_rows(self.weights, found.buckets, found.indptr), found.letters
        parts = add_rows(self.weights, found.buckets, found.indptr)
        sums: _Floats = parts.reshape(-1, block.size, len(self.languages)).sum(axis=0)
        return sums, found.letters


class _Manifest(Frozen):
    format: int
    languages: tuple[str, ...] = Field(min_length=2, max_length=200)
    bits: int = Field(ge=8, le=20)
    shortest: int = Field(ge=2, le=8)
    longest: int = Field(ge=2, le=8)
    max_chars: int = Field(ge=20, le=20_000)
    steps: tuple[float, ...]  # weight of 1 in the array, for each language
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    card: dict[str, Any]


def save_head(head: LanguageHead, path: Path) -> str:
    """Write the model, one byte a weight; returns the SHA-256 of the file, which is a function of the model alone."""
    steps = np.maximum(np.abs(head.weights).max(axis=0) / 127, 1e-12).astype(np.float32)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.rint(head.weights / steps).astype(np.int8), version=(1, 0), allow_pickle=False)
    manifest = _Manifest(
        format=FORMAT,
        languages=head.languages,
        **asdict(head.settings),
        steps=tuple(steps.tolist()),
        sha256=hashlib.sha256(buffer.getvalue()).hexdigest(),
        card=head.card,
    )
    blobs = (manifest.model_dump_json(indent=1).encode(), buffer.getvalue())
    return write_zip(path, dict(zip(_ENTRIES, blobs, strict=True)))


def load_head(path: Path = SHIPPED_HEAD) -> LanguageHead:
    """Read and check a model of languages. Raises ModelError with the file and the reason."""
    try:
        entries, _ = read_zip(path, dict.fromkeys(_ENTRIES, _MAX_ENTRY), most=_MAX_FILE)
        content, blob = (entries[name] for name in _ENTRIES)
        return _assemble(_Manifest.model_validate(json.loads(content)), blob)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ModelError(f"{path}: manifest.json: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: {error}") from error


def _assemble(manifest: _Manifest, blob: bytes) -> LanguageHead:
    """The model, after format, digest and shape were found right; ValueError says what is not."""
    if manifest.format != FORMAT:
        raise ValueError(f"has format {manifest.format}; this version reads {FORMAT}. Train it again")
    if hashlib.sha256(blob).hexdigest() != manifest.sha256:
        raise ValueError("weights.npy does not have the digest the manifest gives; the file is damaged or was changed")
    array = np.lib.format.read_array(io.BytesIO(blob), allow_pickle=False)
    shape = (1 << manifest.bits, len(manifest.languages))
    if array.dtype != np.int8 or array.shape != shape or len(manifest.steps) != shape[1]:
        raise ValueError(f"weights.npy does not hold one byte for each of {shape[0]} buckets and {shape[1]} languages")
    return LanguageHead(
        languages=manifest.languages,
        settings=LetterSettings(manifest.bits, manifest.shortest, manifest.longest, manifest.max_chars),
        weights=array.astype(np.float32) * np.asarray(manifest.steps, np.float32),
        card=manifest.card,
    )
