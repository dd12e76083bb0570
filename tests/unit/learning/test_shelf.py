# SPDX-License-Identifier: Apache-2.0
"""The shelf of models: one in force, exchanged at once, with a way back."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from router.errors import ModelError
from router.learning.shelf import SHIPPED_NAME, ModelShelf

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def add(shelf: ModelShelf, content: bytes, *, good: bool = True, made_at: datetime = NOW) -> str:
    """Put made-up bytes on the shelf as if they were a model."""
    digest = hashlib.sha256(content).hexdigest()
    shelf.folder.mkdir(parents=True, exist_ok=True)
    made = shelf.folder / "made"
    made.write_bytes(content)
    shelf.add(
        made, digest=digest, report={"made_at": made_at.isoformat(), "verdict": {"good": good, "reason": "r"}}, text="t"
    )
    return digest


@pytest.fixture
def shelf(tmp_path: Path) -> ModelShelf:
    return ModelShelf(tmp_path / "models")


def test_shelf_is_empty_at_first(shelf: ModelShelf) -> None:
    """Without a model of one's own the shipped one is in force, and there is no way back from it."""
    assert [(one.digest, one.in_force) for one in shelf.models()] == [(SHIPPED_NAME, True)]
    with pytest.raises(ModelError, match="no former model"):
        shelf.rollback(by="me", at=NOW)


def test_promote_and_rollback_step_back(shelf: ModelShelf) -> None:
    """Each rollback goes one promotion further back, down to the model that ships."""
    one, two = add(shelf, b"one"), add(shelf, b"two")
    shelf.promote(one[:8], by="me", at=NOW)
    shelf.promote(two, by="me", at=NOW)
    assert shelf.current.read_bytes() == b"two"
    assert shelf.rollback(by="me", at=NOW) == one
    assert shelf.current.read_bytes() == b"one"
    assert shelf.rollback(by="me", at=NOW) == SHIPPED_NAME
    assert not shelf.current.exists()
    assert [line.action for line in shelf.history()] == ["promote", "promote", "rollback", "rollback"]


def test_rollback_does_not_swing_between_two(shelf: ModelShelf) -> None:
    """A model promoted a second time is stepped back from like any other, down to the one that ships."""
    one, two = add(shelf, b"one"), add(shelf, b"two")
    for digest in (one, two, one):
        shelf.promote(digest, by="me", at=NOW)
    assert [shelf.rollback(by="me", at=NOW) for _ in range(3)] == [two, one, SHIPPED_NAME]
    with pytest.raises(ModelError, match="no former model"):
        shelf.rollback(by="me", at=NOW)


def test_promote_refuses_a_model_that_the_installation_cannot_start_with(tmp_path: Path) -> None:
    """What would end the product at its next start is refused, forward and back, and what is in force stays."""

    def usable(path: Path | None) -> None:
        if path is None or path.read_bytes() == b"strange":
            raise ModelError("the model knows none of the types")

    shelf = ModelShelf(tmp_path / "models", usable=usable)
    good, strange = add(shelf, b"good"), add(shelf, b"strange")
    shelf.promote(good, by="me", at=NOW)
    for act in (lambda: shelf.promote(strange, by="me", at=NOW), lambda: shelf.rollback(by="me", at=NOW)):
        with pytest.raises(ModelError, match="none of the types"):
            act()
    assert shelf.in_force() == good
    assert len(shelf.history()) == 1


def test_promote_keeps_model_that_had_no_folder(shelf: ModelShelf) -> None:
    """A model that ``train -c`` put in force is kept, so that a rollback brings it back."""
    candidate = add(shelf, b"new")
    shelf.current.write_bytes(b"by hand")
    shelf.promote(candidate, by="me", at=NOW)
    shelf.rollback(by="me", at=NOW)
    assert shelf.current.read_bytes() == b"by hand"


def test_promote_refuses_changed_file(shelf: ModelShelf) -> None:
    """A file that is not what its folder says never gets in force."""
    digest = add(shelf, b"one")
    (shelf.folder / digest / "model.zip").write_bytes(b"other")
    with pytest.raises(ModelError, match="damaged or was changed"):
        shelf.promote(digest, by="me", at=NOW)
    assert shelf.in_force() == SHIPPED_NAME
    assert not (shelf.folder / "current.zip.new").exists()


@pytest.mark.parametrize("start", ["", "abc", "ffffffff", "../../etc"])
def test_promote_refuses_unknown(shelf: ModelShelf, start: str) -> None:
    """A beginning that names no model, or is too short to name one, is refused."""
    add(shelf, b"one")
    with pytest.raises(ModelError, match="models list"):
        shelf.promote(start, by="me", at=NOW)


def test_promote_refuses_what_is_in_force(shelf: ModelShelf) -> None:
    """Putting the same model in force twice is told, and leaves the history alone."""
    digest = add(shelf, b"one")
    shelf.promote(digest, by="me", at=NOW)
    with pytest.raises(ModelError, match="already"):
        shelf.promote(digest, by="me", at=NOW)
    assert len(shelf.history()) == 1


def test_history_survives_half_a_line(shelf: ModelShelf) -> None:
    """A line that a crash cut off is passed over."""
    shelf.promote(add(shelf, b"one"), by="me", at=NOW)
    with (shelf.folder / "history.jsonl").open("a") as file:
        file.write('{"at": "2026')
    assert len(shelf.history()) == 1


def test_half_made_model_is_no_model(shelf: ModelShelf) -> None:
    """What a killed training left is not listed, and removed once nobody can be at it any more."""
    left = shelf.folder / "making-abc"
    left.mkdir(parents=True)
    (left / "model.zip").write_bytes(b"half")
    assert [one.digest for one in shelf.models()] == [SHIPPED_NAME]
    now = datetime.now(UTC)
    shelf.tidy(older=timedelta(days=1), now=now)
    assert left.exists()
    shelf.tidy(older=timedelta(days=1), now=now + timedelta(days=2))
    assert not left.exists()


def test_waiting_is_the_newest_good_one_that_nobody_decided_of(shelf: ModelShelf) -> None:
    """It waits until a model is put in force; one that its report refuses does not wait, and takes no other's place."""
    assert shelf.waiting() is None
    one = add(shelf, b"one")
    assert getattr(shelf.waiting(), "digest", "") == one
    assert shelf.refusal(one) == ""
    shelf.promote(one, by="me", at=NOW)
    assert shelf.waiting() is None
    shelf.rollback(by="me", at=NOW)
    assert shelf.waiting() is None  # decided of
    two = add(shelf, b"two", made_at=NOW + timedelta(days=7))
    assert getattr(shelf.waiting(), "digest", "") == two
    three = add(shelf, b"three", good=False, made_at=NOW + timedelta(days=14))
    assert getattr(shelf.waiting(), "digest", "") == two
    assert shelf.refusal(three) == "r"
