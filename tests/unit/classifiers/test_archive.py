# SPDX-License-Identifier: Apache-2.0
"""The model archive: written the same each time, read back, and refused with a reason when anything is off."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifiers.archive import load, read_parameters, save
from classifiers.training import TrainingResult
from router.errors import ModelError
from router.interfaces import ClassifierInput

Entries = dict[str, bytes]


@pytest.fixture(scope="module")
def good(trained: TrainingResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "good.zip"
    save(trained.model.parameters, path)
    return path


def _entries(path: Path) -> Entries:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _write(path: Path, entries: Entries) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, blob in entries.items():
            archive.writestr(name, blob)
    return path


def _manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Entries], None]:
    def apply(entries: Entries) -> None:
        manifest = json.loads(entries["manifest.json"])
        change(manifest)
        entries["manifest.json"] = json.dumps(manifest).encode()

    return apply


def _array(name: str, change: Callable[[np.ndarray], np.ndarray], *, dtype: bool = True) -> Callable[[Entries], None]:
    """Replace an array and make the manifest agree with its bytes, so that only the content is wrong."""

    def apply(entries: Entries) -> None:
        array = change(np.load(io.BytesIO(entries[f"{name}.npy"])))
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=True)
        entries[f"{name}.npy"] = buffer.getvalue()
        manifest = json.loads(entries["manifest.json"])
        spec = manifest["arrays"][name]
        spec["sha256"], spec["shape"] = hashlib.sha256(buffer.getvalue()).hexdigest(), list(array.shape)
        if dtype:
            spec["dtype"] = array.dtype.str
        entries["manifest.json"] = json.dumps(manifest).encode()

    return apply


def _with_nan(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array[0] = np.nan
    return array


def _flipped(entries: Entries) -> None:
    blob = bytearray(entries["weights.npy"])
    blob[-1] ^= 1
    entries["weights.npy"] = bytes(blob)


def _not_an_array(entries: Entries) -> None:
    entries["bias.npy"] = b"no array at all"
    manifest = json.loads(entries["manifest.json"])
    manifest["arrays"]["bias"]["sha256"] = hashlib.sha256(entries["bias.npy"]).hexdigest()
    entries["manifest.json"] = json.dumps(manifest).encode()


def _cut_short(entries: Entries) -> None:
    entries["bias.npy"] = entries["bias.npy"][:-4]
    manifest = json.loads(entries["manifest.json"])
    manifest["arrays"]["bias"]["sha256"] = hashlib.sha256(entries["bias.npy"]).hexdigest()
    entries["manifest.json"] = json.dumps(manifest).encode()


REFUSED: dict[str, tuple[Callable[[Entries], object], str]] = {
    "no manifest": (lambda e: e.pop("manifest.json"), "entry missing: 'manifest.json'"),
    "missing array": (lambda e: e.pop("bias.npy"), "entry missing: 'bias.npy'"),
    "extra entry": (lambda e: e.update({"code.py": b"1"}), "entry unexpected: 'code.py'"),
    "path upwards": (lambda e: e.update({"../../x.npy": b"1"}), "entry unexpected: '../../x.npy'"),
    "absolute path": (lambda e: e.update({"/etc/x": b"1"}), "entry unexpected: '/etc/x'"),
    "changed array": (_flipped, "weights.npy does not have the digest"),
    "changed digest": (_manifest(lambda m: m["arrays"]["bias"].update(sha256="0" * 64)),
        "bias.npy does not have"),
    "manifest not JSON": (lambda e: e.update({"manifest.json": b"{"}), "manifest.json is not JSON"),
    "manifest a list": (lambda e: e.update({"manifest.json": b"[]"}), "manifest.json"),
    "deep manifest": (lambda e: e.update({"manifest.json": b"[" * 200_000}), "manifest.json is not JSON"),
    "other format": (_manifest(lambda m: m.update(format=99)), "has format 99; this version reads 6"),
    "unknown key": (_manifest(lambda m: m.update(run="x")), "manifest.json: run: Extra inputs"),
    "missing key": (_manifest(lambda m: m.pop("heads")), "manifest.json: heads: Field required"),
    "odd name": (_manifest(lambda m: m.update(name="../x")), "manifest.json: name"),
    "no such head": (_manifest(lambda m: m["heads"].pop("type")), "heads: expected kind, type, urgency"),
    "other labels": (_manifest(lambda m: m["heads"]["kind"].update(labels=["a", "b", "c", "d"])),
        "labels of kind are a"),
    "repeated labels": (_manifest(lambda m: m["heads"]["type"]["labels"].__setitem__(0, "fraud")),
        "labels of type re"),
    "too few labels": (_manifest(lambda m: m["heads"]["type"]["labels"].pop()), "shift does not fit the labels"),
    "endless scale": (_manifest(lambda m: m["heads"]["kind"].update(scale=float("inf"))), "heads.kind.scale"),
    "nan threshold": (_manifest(lambda m: m["thresholds"].update(critical=float("nan"))), "thresholds.critical"),
    "giant features": (_manifest(lambda m: m["features"].update(char_bits=60)), "features.char_bits"),
    "unknown array": (_manifest(lambda m: m["arrays"].pop("idf")), "arrays: expected columns"),
    "object array": (_array("bias", lambda a: np.array([{}] * len(a), object)), "bias.npy: type '|O'; expected <f4"),
    "hidden objects": (_array("bias", lambda a: np.array([{}] * len(a), object), dtype=False), "holds '|O'"),
    "wrong type": (_array("weights", lambda a: a.astype("<f8")), "weights.npy: type '<f8'"),
    "not an array": (_not_an_array, "bias.npy is not an array"),
    "cut array": (_cut_short, "bias.npy has shape"),
    "nan": (_array("bias", _with_nan), "bias.npy holds values that are not finite"),
    "infinite idf": (_array("idf", lambda a: a + np.float16(np.inf)), "idf.npy holds values that are not finite"),
    "wrong shape": (_array("weights", lambda a: a[:, :-1].copy()), "weights.npy has shape"),
    "short scales": (_array("scales", lambda a: a[:3].copy()), "scales.npy has shape"),
    "short idf": (_array("idf", lambda a: a[:3].copy()), "idf.npy has shape"),
    "short inner": (_array("inner", lambda a: a[:3].copy()), "inner.npy has shape"),
    "short outer": (_array("outer", lambda a: a[:, :2].copy()), "outer.npy has shape"),
    "short further": (_array("further", lambda a: np.zeros((3, 11), "<f4")), "further.npy has shape"),
    "half a stack": (_array("inner", lambda a: a[:0, :0].copy()), "inner.npy has shape"),
    "another column": (_array("columns", lambda a: a | 255 * (np.arange(len(a)) == (a < 255).argmax()).astype(a.dtype)),
        "weights.npy has shape"),
    "short columns": (_array("columns", lambda a: a[:-1].copy()), "columns.npy has shape"),
    "columns of other features": (_manifest(lambda m: m["features"].update(char_bits=12)), "columns.npy has shape"),
}  # fmt: skip


@pytest.mark.parametrize(("break_it", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_load_refuses_what_is_off(
    good: Path, tmp_path: Path, break_it: Callable[[Entries], object], reason: str
) -> None:
    """Every damage is refused with the file and the reason."""
    entries = _entries(good)
    break_it(entries)
    path = _write(tmp_path / "bad.zip", entries)
    with pytest.raises(ModelError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert reason in str(caught.value)


def test_load_refuses_a_repeated_entry(good: Path, tmp_path: Path) -> None:
    """Two entries of one name are two truths."""
    path = tmp_path / "twice.zip"
    path.write_bytes(good.read_bytes())
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("bias.npy", b"")
    with pytest.raises(ModelError, match=r"entry twice: 'bias\.npy'"):
        load(path)


def test_load_refuses_a_giant_entry_unread(good: Path, tmp_path: Path) -> None:
    """An entry that would unpack beyond the cap is refused by what its header says."""
    path = _write(tmp_path / "bomb.zip", {**_entries(good), "bias.npy": b"\0" * (257 * 1024 * 1024)})
    with pytest.raises(ModelError, match=r"bias\.npy has 269484032 bytes; at most"):
        load(path)


def test_load_refuses_an_entry_that_lies_about_its_size(good: Path, tmp_path: Path) -> None:
    """A header that says less than is packed is not believed."""
    content = bytearray(good.read_bytes())
    at = content.rfind(b"PK\x01\x02", 0, content.rfind(b"bias.npy"))
    struct.pack_into("<I", content, at + 24, 10)
    path = tmp_path / "liar.zip"
    path.write_bytes(bytes(content))
    with pytest.raises(ModelError):
        load(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"hello", b"PK\x03\x04" + b"\0" * 100], ids=["empty", "two", "text", "zeros"]
)
def test_load_refuses_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    """Any other file is refused."""
    path = tmp_path / "none.zip"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is not a readable ZIP archive"):
        load(path)


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9, 0.99])
def test_load_refuses_a_file_cut_short(good: Path, tmp_path: Path, at: float) -> None:
    """A half-written file is refused wherever it ends."""
    path = tmp_path / "cut.zip"
    content = good.read_bytes()
    path.write_bytes(content[: int(len(content) * at)])
    with pytest.raises(ModelError):
        load(path)


def test_load_says_that_a_file_is_missing(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(ModelError, match=r"none\.zip: cannot be read"):
        load(tmp_path / "none.zip")


def test_save_writes_the_same_bytes_twice(trained: TrainingResult, tmp_path: Path) -> None:
    """The archive is a function of the model alone."""
    assert save(trained.model.parameters, tmp_path / "a.zip") == save(trained.model.parameters, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_load_gives_back_what_was_saved(trained: TrainingResult, good: Path) -> None:
    """The loaded model says what the trained one says, but for the rounding of its weights."""
    parameters, digest = read_parameters(good)
    assert parameters.thresholds == trained.model.parameters.thresholds
    assert digest == hashlib.sha256(good.read_bytes()).hexdigest()
    batch = [ClassifierInput(text="My parcel never arrived and nobody answers the phone.")]
    (loaded,), (fresh,) = load(good).classify(batch), trained.model.classify(batch)
    assert loaded.scores["kind"]["complaint"] == pytest.approx(fresh.scores["kind"]["complaint"], abs=0.03)


def test_load_gives_the_name_with_the_digest(good: Path) -> None:
    """Decisions name the file that made them."""
    digest = hashlib.sha256(good.read_bytes()).hexdigest()
    assert load(good).name == f"linear@{digest[:12]}"
