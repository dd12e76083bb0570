# SPDX-License-Identifier: Apache-2.0
"""The pages of models: what waits is told, the report is read before anything is put in force, and who may do that."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router.learning.report import LearningReport, report_text
from router.learning.shelf import ModelShelf


def put(shelf: ModelShelf, clock: Any, content: bytes, *, good: bool = True) -> str:
    """A candidate made now, with a report that names who was refused and held down."""
    digest = hashlib.sha256(content).hexdigest()
    refusal = {"ids": [1, 2], "reason": "one-sided", "sentence": "mallory turned kind 'complaint' into 'praise'"}
    restraint = {"group": "corrector", "corrector": "otto", "messages": 400, "weight": 300.0}
    reason = "none of 5 figures fell further than allowed" if good else "worse than allowed: corpus, language fi"
    report = LearningReport(
        digest=digest, incumbent="shipped", made_at=clock.now(), corrections=3, weight=2.5, labels={},
        correctors={"anna": 3}, verdict={"good": good, "reason": reason, "checks": [], "failed": []},
        refusals=(refusal,), restraints=(restraint,), report={},
    )  # fmt: skip
    shelf.folder.mkdir(parents=True, exist_ok=True)
    made = shelf.folder / "new.zip"
    made.write_bytes(content)
    shelf.add(made, digest=digest, report=report.model_dump(mode="json"), text=report_text(report))
    clock.advance(timedelta(minutes=1).total_seconds())
    return digest


@pytest.fixture
def shelf(world: Any, tmp_path: Path) -> ModelShelf:
    made = ModelShelf(tmp_path / "models")
    object.__setattr__(world.context, "shelf", made)
    return made


async def test_candidate_that_waits_is_told_with_its_report(world: Any, shelf: ModelShelf) -> None:
    """Trouble says that one waits; its report names who was left out, who was held down and who taught it."""
    client = await world.client("mia")
    assert "In force: the model that ships." in await (await client.get("/trouble")).text()
    digest = put(shelf, world.clock, b"one")
    page = await (await client.get("/trouble")).text()
    assert f'A candidate waits for a decision: <a href="/models/{digest}">' in page
    report = await (await client.get(f"/models/{digest}")).text()
    assert "mallory turned kind &#39;complaint&#39; into &#39;praise&#39;" in report
    assert "corrections by otto: 400 messages weigh 300" in report
    assert "anna 3" in report
    assert "Put in force" not in report  # a manager reads, an administrator decides


async def test_administrator_puts_in_force_and_takes_back(world: Any, shelf: ModelShelf) -> None:
    """Each exchange is in the trail with who it was, and nothing waits any more."""
    digest = put(shelf, world.clock, b"one")
    client = await world.client("root")
    done = await world.post(client, f"/models/{digest}/promote")
    assert done.status == 303
    assert (shelf.in_force(), shelf.waiting()) == (digest, None)
    assert "in force" in await (await client.get("/models")).text()
    assert (await world.post(client, "/models/rollback")).status == 303
    assert shelf.in_force() == "shipped"
    trail = [(row.actor, row.action) for row in await world.store.audit() if row.action.startswith("model_")]
    assert trail == [("root", "model_promoted"), ("root", "model_rolled_back")]
    assert (await world.post(client, "/models/rollback")).status == 422


async def test_refused_model_is_not_put_in_force(world: Any, shelf: ModelShelf) -> None:
    """The page has no force; it says why."""
    digest = put(shelf, world.clock, b"worse", good=False)
    client = await world.client("root")
    assert "Put in force" not in await (await client.get("/models")).text()
    done = await world.post(client, f"/models/{digest}/promote")
    assert done.status == 422
    assert "corpus, language fi" in await done.text()
    assert shelf.in_force() == "shipped"
    assert shelf.waiting() is None


async def test_who_may_not_is_told_that_there_is_nothing(world: Any, shelf: ModelShelf) -> None:
    """Agents see no models; managers exchange none; what does not exist is not there for anybody."""
    digest = put(shelf, world.clock, b"one")
    agent, manager = await world.client("anna"), await world.client("mia")
    for path in ("/models", f"/models/{digest}"):
        assert (await agent.get(path)).status == 404
    assert (await manager.get(f"/models/{'0' * 64}")).status == 404
    for client in (agent, manager):
        assert (await world.post(client, f"/models/{digest}/promote")).status == 404
        assert (await world.post(client, "/models/rollback")).status == 404
    assert shelf.in_force() == "shipped"


async def test_damaged_model_is_refused_in_words(world: Any, shelf: ModelShelf) -> None:
    """A file that is not what its folder says never comes into force."""
    digest = put(shelf, world.clock, b"one")
    (shelf.folder / digest / "model.zip").write_bytes(b"another")
    done = await world.post(await world.client("root"), f"/models/{digest}/promote")
    assert done.status == 422
    assert "damaged" in await done.text()
    assert shelf.in_force() == "shipped"
