# SPDX-License-Identifier: Apache-2.0
"""A model as a file: a ZIP with a JSON manifest and NumPy arrays, and nothing that can run.

Arrays are read with ``allow_pickle=False`` after the sizes were checked against caps, each against its SHA-256 in
the manifest. The bytes are a function of the parameters alone: no time of day, no path, a fixed order.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import math
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from classifiers.features import FeatureSettings
from classifiers.model import LinearClassifier
from classifiers.parameters import HEADS, Head, Parameters, Thresholds
from classifiers.shape import SHAPES
from classifiers.signals import SignalFile
from router.errors import ModelError
from router.schema import KINDS, URGENCIES, Frozen

__all__ = ["FORMAT", "load", "read_parameters", "save"]

FORMAT = 1
_ARRAYS = {"columns": "<i4", "idf": "<f2", "weights": "|i1", "scales": "<f4", "bias": "<f4"}
_MAX_FILE = 64 * 1024 * 1024
_MAX_ENTRY = 256 * 1024 * 1024
_MAX_MANIFEST = 4 * 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a ZIP can say


class _HeadSpec(Frozen):
    labels: tuple[str, ...] = Field(min_length=2, max_length=200)
    scale: float = Field(gt=0, le=1000, allow_inf_nan=False)
    shift: tuple[float, ...]
    lean: tuple[float, ...]


class _FeatureSpec(Frozen):
    char_bits: int = Field(ge=8, le=22)
    word_bits: int = Field(ge=8, le=22)
    char_min: int = Field(ge=2, le=8)
    char_max: int = Field(ge=2, le=8)
    word_weight: float = Field(gt=0, le=100, allow_inf_nan=False)


class _ThresholdSpec(Frozen):
    kind: float = Field(ge=0, le=1)
    type: float = Field(ge=0, le=1)
    also: float = Field(ge=0, le=1)
    critical: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    by_channel: dict[str, tuple[float, float]] = Field(default_factory=dict, max_length=100)


class _ArraySpec(Frozen):
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    dtype: str
    shape: tuple[int, ...]


class _Manifest(Frozen):
    format: int
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    features: _FeatureSpec
    heads: dict[str, _HeadSpec]
    thresholds: _ThresholdSpec
    idf_rest: float = Field(ge=0, le=1000, allow_inf_nan=False)
    channels: tuple[str, ...] = Field(max_length=100)
    languages: tuple[str, ...] = Field(max_length=100)
    shapes: tuple[str, ...] = ()
    signals: SignalFile
    arrays: dict[str, _ArraySpec]
    card: dict[str, Any]


# --- writing ---------------------------------------------------------------------------------------------------------


def _quantise(weights: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """One byte a weight, one scale a column."""
    scales = np.maximum(np.abs(weights).max(axis=0, initial=0.0) / 127, 1e-12).astype(np.float32)
    return np.rint(weights / scales).astype(np.int8), scales


def _array_bytes(array: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _manifest_of(parameters: Parameters, arrays: dict[str, npt.NDArray[Any]], blobs: dict[str, bytes]) -> _Manifest:
    return _Manifest(
        format=FORMAT,
        name=parameters.name,
        features=_FeatureSpec(**asdict(parameters.features)),
        heads={name: _HeadSpec(**asdict(head)) for name, head in parameters.heads.items()},
        thresholds=_ThresholdSpec(**asdict(parameters.thresholds)),
        idf_rest=parameters.idf_rest,
        channels=parameters.channels,
        languages=parameters.languages,
        shapes=parameters.shapes,
        signals=parameters.signals,
        arrays={
            name: _ArraySpec(sha256=hashlib.sha256(blobs[name]).hexdigest(), dtype=array.dtype.str, shape=array.shape)
            for name, array in arrays.items()
        },
        card=parameters.card,
    )


def save(parameters: Parameters, path: Path) -> str:
    """Write the archive beside its place and move it there; returns the SHA-256 of the file.

    Weights are rounded to one byte each, so what is loaded differs in the third digit of a score.
    """
    weights, scales = _quantise(parameters.weights)
    arrays: dict[str, npt.NDArray[Any]] = {
        "columns": parameters.columns.astype("<i4"),
        "idf": parameters.idf.astype("<f2"),
        "weights": weights,
        "scales": scales.astype("<f4"),
        "bias": parameters.bias.astype("<f4"),
    }
    blobs = {name: _array_bytes(array) for name, array in arrays.items()}
    manifest = _manifest_of(parameters, arrays, blobs).model_dump_json(indent=1).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, blob in [("manifest.json", manifest), *((f"{name}.npy", blobs[name]) for name in _ARRAYS)]:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, blob, compresslevel=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(buffer.getvalue())
    beside.replace(path)
    return hashlib.sha256(buffer.getvalue()).hexdigest()


# --- reading ---------------------------------------------------------------------------------------------------------


def load(path: Path, *, languages: Sequence[str] | None = None) -> LinearClassifier:
    """Load a classifier.

    Args:
        path: The archive.
        languages: Those a text may be in; all of the model's by default.

    Raises:
        ModelError: With the file and the reason, when anything about it is off; nothing is half-loaded.
    """
    parameters, digest = read_parameters(path)
    return LinearClassifier(parameters, digest=digest, languages=languages)


def read_parameters(path: Path) -> tuple[Parameters, str]:
    """Read and check an archive; returns the parameters and the SHA-256 of the file. Raises ModelError."""
    try:
        size = path.stat().st_size
        if size > _MAX_FILE:
            raise ModelError(f"{path}: the file has {size} bytes; at most {_MAX_FILE}")
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        blobs = _read_entries(content)
        manifest = _read_manifest(blobs.pop("manifest.json"))
        arrays = {name: _read_array(name, blobs[f"{name}.npy"], manifest) for name in _ARRAYS}
        parameters = _assemble(manifest, arrays)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    return parameters, hashlib.sha256(content).hexdigest()


def _check_names(names: list[str]) -> None:
    """Exactly the expected entries; a name from elsewhere, a path among them, is refused unread."""
    expected = {"manifest.json", *(f"{name}.npy" for name in _ARRAYS)}
    for what, odd in (
        ("twice", {name for name in names if names.count(name) > 1}),
        ("unexpected", set(names) - expected),
        ("missing", expected - set(names)),
    ):
        if odd:
            raise ModelError(f"entry {what}: {min(odd)!r:.80}")


def _check_size(entry: zipfile.ZipInfo) -> None:
    cap = _MAX_MANIFEST if entry.filename == "manifest.json" else _MAX_ENTRY
    if entry.file_size > cap:
        raise ModelError(f"entry {entry.filename} has {entry.file_size} bytes; at most {cap}")
    if entry.flag_bits & 1:
        raise ModelError(f"entry {entry.filename} is encrypted")


def _read_entries(content: bytes) -> dict[str, bytes]:
    """The entries by name; none is longer than it says, and none may say more than the caps."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_names([entry.filename for entry in archive.infolist()])
            for entry in archive.infolist():
                _check_size(entry)
            return {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        NotImplementedError,
        EOFError,
        OSError,
        ValueError,
    ) as error:
        raise ModelError(f"is not a readable ZIP archive: {error}") from error


def _read_manifest(blob: bytes) -> _Manifest:
    try:
        content = json.loads(blob)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"manifest.json is not JSON: {error}") from error
    if isinstance(content, dict) and content.get("format") != FORMAT:
        raise ModelError(f"has format {content.get('format')!r:.40}; this version reads {FORMAT}. Train it again")
    try:
        manifest = _Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ModelError(f"manifest.json: {place}: {first['msg']}") from error
    if set(manifest.arrays) != set(_ARRAYS):
        raise ModelError(f"manifest.json: arrays: expected {', '.join(_ARRAYS)}")
    if set(manifest.heads) != set(HEADS):
        raise ModelError(f"manifest.json: heads: expected {', '.join(HEADS)}")
    for name, expected in (("kind", KINDS), ("urgency", URGENCIES)):
        if manifest.heads[name].labels != expected:
            raise ModelError(
                f"labels of {name} are {', '.join(manifest.heads[name].labels)}; expected {', '.join(expected)}"
            )
    for name, head in manifest.heads.items():
        if len(set(head.labels)) != len(head.labels):
            raise ModelError(f"labels of {name} repeat")
        for part, values in (("shift", head.shift), ("lean", head.lean)):
            if len(values) not in {0, len(head.labels)} or not all(map(math.isfinite, values)):
                raise ModelError(f"manifest.json: heads.{name}.{part} does not fit the labels")
    return manifest


def _read_array(name: str, blob: bytes, manifest: _Manifest) -> npt.NDArray[Any]:
    """One array, after its digest, its type and its size were found right."""
    spec = manifest.arrays[name]
    if hashlib.sha256(blob).hexdigest() != spec.sha256:
        raise ModelError(f"{name}.npy does not have the digest the manifest gives; the file is damaged or was changed")
    if spec.dtype != _ARRAYS[name]:
        raise ModelError(f"{name}.npy: type {spec.dtype!r:.20}; expected {_ARRAYS[name]}")
    buffer = io.BytesIO(blob)
    try:
        version = np.lib.format.read_magic(buffer)
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(buffer)
    except ValueError as error:
        raise ModelError(f"{name}.npy is not an array: {error}") from error
    if version != (1, 0):
        raise ModelError(f"{name}.npy has version {version} of the format; expected (1, 0)")
    if dtype.hasobject or dtype.str != spec.dtype or fortran:
        raise ModelError(f"{name}.npy holds {dtype.str!r:.20}; the manifest says {spec.dtype}")
    if shape != spec.shape or math.prod(shape) * dtype.itemsize != len(blob) - buffer.tell():
        raise ModelError(f"{name}.npy has shape {shape} and {len(blob)} bytes; the manifest says {spec.shape}")
    array = np.frombuffer(blob, dtype, offset=buffer.tell()).reshape(shape)
    if dtype.kind == "f" and not np.isfinite(array).all():
        raise ModelError(f"{name}.npy holds values that are not finite")
    return array


def _assemble(manifest: _Manifest, arrays: dict[str, npt.NDArray[Any]]) -> Parameters:
    features = FeatureSettings(**manifest.features.model_dump())
    outputs = sum(len(head.labels) for head in manifest.heads.values())
    columns = arrays["columns"]
    if manifest.shapes not in {(), SHAPES}:
        raise ModelError("the model was trained with other shapes of texts than this version knows; train it anew")
    extra = len(manifest.signals.groups) + len(manifest.channels) + len(manifest.shapes)
    for name, shape in (
        ("columns", (len(columns),)),
        ("weights", (len(columns) + extra, outputs)),
        ("scales", (outputs,)),
        ("bias", (outputs,)),
    ):
        if arrays[name].shape != shape:
            raise ModelError(f"{name}.npy has shape {arrays[name].shape}; labels, columns and signals need {shape}")
    if arrays["idf"].shape not in {(len(columns),), (0,)}:
        raise ModelError(f"idf.npy has shape {arrays['idf'].shape}; expected {(len(columns),)} or (0,)")
    if len(columns) and (columns[0] < 0 or columns[-1] >= features.columns or (np.diff(columns) <= 0).any()):
        raise ModelError(f"columns.npy: columns must rise and lie between 0 and {features.columns - 1}")
    return Parameters(
        name=manifest.name,
        features=features,
        heads={name: Head(**manifest.heads[name].model_dump()) for name in HEADS},
        columns=columns,
        idf=arrays["idf"].astype(np.float32),
        idf_rest=manifest.idf_rest,
        weights=arrays["weights"].astype(np.float32) * arrays["scales"],
        bias=arrays["bias"],
        thresholds=Thresholds(**manifest.thresholds.model_dump()),
        signals=manifest.signals,
        channels=manifest.channels,
        languages=manifest.languages,
        shapes=manifest.shapes,
        card=manifest.card,
    )
