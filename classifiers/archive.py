# SPDX-License-Identifier: Apache-2.0
"""A model as a file: a ZIP with a JSON manifest and NumPy arrays, and nothing that can run.

Arrays are read with ``allow_pickle=False`` after the sizes were checked against caps, each against its SHA-256 in
the manifest. The bytes are a function of the parameters alone: no time of day, no path, a fixed order.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from classifiers.features import FeatureSettings, Floats
from classifiers.further import Further
from classifiers.model import LinearClassifier
from classifiers.opinions import TRAITS
from classifiers.parameters import HEADS, Head, Parameters, Thresholds
from classifiers.signals import SignalFile
from classifiers.stacking import Stack
from classifiers.zipped import read_zip, write_zip
from router.errors import ModelError
from router.schema import KINDS, URGENCIES, Frozen

__all__ = ["FORMAT", "load", "read_parameters", "save"]

FORMAT = 6
_ARRAYS = {
    "columns": "|u1",  # a bit for each that is kept
    "idf": "<f2",
    "weights": "|i1",  # of n-grams
    "scales": "<f4",
    "others": "<f4",  # weights of signals, channels and traits
    "bias": "<f4",
    "inner": "<f4",
    "outer": "<f4",
    "further": "<f4",
}
_LEVELS = 63  # above 0, and as many below: sums over hundreds of n-grams hardly move, and the file is a fifth smaller
_IDF_STEPS = 32  # of an idf between 1 and 2, likewise
_MAX_FILE = 64 * 1024 * 1024
_MAX_ENTRY = 256 * 1024 * 1024
_MAX_MANIFEST = 16 * 1024 * 1024


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
    negated: int = Field(ge=0, le=20)


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
    traits: tuple[str, ...] = ()
    signals: SignalFile
    stack_scale: float = Field(gt=0, le=1000, allow_inf_nan=False)
    arrays: dict[str, _ArraySpec]
    card: dict[str, Any]


# --- writing ---------------------------------------------------------------------------------------------------------


def _quantise(weights: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """One byte a weight, one scale a column."""
    scales = np.maximum(np.abs(weights).max(axis=0, initial=0.0) / _LEVELS, 1e-12).astype(np.float32)
    return np.rint(weights / scales).astype(np.int8), scales


def _as_bits(columns: npt.NDArray[np.int32], count: int) -> npt.NDArray[np.uint8]:
    """A bit for each column, which takes an eighth of the room that the numbers of the kept ones take."""
    kept = np.zeros(count, bool)
    kept[columns] = True
    return np.packbits(kept)


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
        traits=parameters.traits,
        signals=parameters.signals,
        stack_scale=parameters.stack.scale if parameters.stack is not None else 1.0,
        arrays={
            name: _ArraySpec(sha256=hashlib.sha256(blobs[name]).hexdigest(), dtype=array.dtype.str, shape=array.shape)
            for name, array in arrays.items()
        },
        card=parameters.card,
    )


def save(parameters: Parameters, path: Path) -> str:
    """Write the archive beside its place and move it there; returns the SHA-256 of the file.

    Weights of n-grams are rounded, so what is loaded differs in the second digit of a score.
    """
    known = 1 + len(parameters.columns)
    weights, scales = _quantise(parameters.weights[1:known])
    stack = parameters.stack
    arrays: dict[str, npt.NDArray[Any]] = {
        "columns": _as_bits(parameters.columns, parameters.features.columns),
        "idf": (np.rint(parameters.idf * _IDF_STEPS) / _IDF_STEPS).astype("<f2"),
        "weights": weights,
        "scales": scales.astype("<f4"),
        "others": parameters.weights[known:].astype("<f4"),
        "bias": parameters.bias.astype("<f4"),
        "inner": (stack.inner if stack is not None else np.zeros((0, 0))).astype("<f4"),
        "outer": (stack.outer if stack is not None else np.zeros((0, 0))).astype("<f4"),
        "further": (parameters.further.weights if parameters.further else np.zeros((0, 0))).astype("<f4"),
    }
    blobs = {name: _array_bytes(array) for name, array in arrays.items()}
    manifest = _manifest_of(parameters, arrays, blobs).model_dump_json(indent=1).encode()
    return write_zip(path, {"manifest.json": manifest, **{f"{name}.npy": blobs[name] for name in _ARRAYS}})


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
    caps = {"manifest.json": _MAX_MANIFEST, **dict.fromkeys((f"{name}.npy" for name in _ARRAYS), _MAX_ENTRY)}
    try:
        # Before the other entries are looked for: another format has others, and its age is what people must hear of.
        manifests: list[_Manifest] = []
        blobs, digest = read_zip(path, caps, most=_MAX_FILE, first=lambda blob: manifests.append(_read_manifest(blob)))
        [manifest] = manifests
        arrays = {name: _read_array(name, blobs[f"{name}.npy"], manifest) for name in _ARRAYS}
        return _assemble(manifest, arrays), digest
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


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
    if arrays["columns"].shape != (features.columns // 8,):
        raise ModelError(f"columns.npy has shape {arrays['columns'].shape}; expected {(features.columns // 8,)}")
    columns = np.unpackbits(arrays["columns"]).nonzero()[0].astype(np.int32)
    if manifest.traits not in {(), TRAITS}:
        raise ModelError("the model was trained with other traits of texts than this version knows; train it anew")
    extra = len(manifest.signals.groups) + len(manifest.channels) + len(manifest.traits)
    for name, shape in (
        ("weights", (len(columns), outputs)),
        ("others", (extra, outputs)),
        ("scales", (outputs,)),
        ("bias", (outputs,)),
    ):
        if arrays[name].shape != shape:
            raise ModelError(f"{name}.npy has shape {arrays[name].shape}; labels, columns and signals need {shape}")
    if arrays["idf"].shape not in {(len(columns),), (0,)}:
        raise ModelError(f"idf.npy has shape {arrays['idf'].shape}; expected {(len(columns),)} or (0,)")
    inputs = outputs + len(manifest.channels) + len(manifest.traits)
    known = 1 + len(columns)
    weights = np.zeros((known + extra, outputs), np.float32)
    np.multiply(arrays["weights"], arrays["scales"], out=weights[1:known])
    weights[known:] = arrays["others"]
    return Parameters(
        name=manifest.name,
        stack=_stack_of(arrays["inner"], arrays["outer"], inputs, manifest),
        further=_further_of(arrays["further"], inputs, manifest),
        features=features,
        heads={name: Head(**manifest.heads[name].model_dump()) for name in HEADS},
        columns=columns,
        idf=arrays["idf"].astype(np.float32),
        idf_rest=manifest.idf_rest,
        weights=weights,
        bias=arrays["bias"],
        thresholds=Thresholds(**manifest.thresholds.model_dump()),
        signals=manifest.signals,
        channels=manifest.channels,
        languages=manifest.languages,
        traits=manifest.traits,
        card=manifest.card,
    )


def _further_of(weights: Floats, inputs: int, manifest: _Manifest) -> Further | None:
    """What names further types; none where the array is empty."""
    if weights.shape == (0, 0):
        return None
    types = len(manifest.heads["type"].labels)
    if weights.shape != (inputs + types + 1, types):
        raise ModelError(
            f"further.npy has shape {weights.shape}; labels, channels and traits need {inputs + types + 1, types}"
        )
    return Further(weights)


def _stack_of(inner: Floats, outer: Floats, inputs: int, manifest: _Manifest) -> Stack | None:
    """The small network over the scores; none where both arrays are empty."""
    if inner.shape == outer.shape == (0, 0):
        return None
    units = inner.shape[-1]
    for name, array, shape in (
        ("inner", inner, (inputs + 1, units)),
        ("outer", outer, (units + 1, len(manifest.heads["kind"].labels))),
    ):
        if array.shape != shape:
            raise ModelError(f"{name}.npy has shape {array.shape}; labels, channels and traits need {shape}")
    return Stack(inner, outer, manifest.stack_scale)
