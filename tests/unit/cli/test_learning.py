# SPDX-License-Identifier: Apache-2.0
"""train --from-corrections and models: from a corrected case to a model in force and back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from router.config.loader import load
from router.core import open_installation_store
from router.learning.records import PersonLabels
from router.testing.corpus import write_few
from router.testing.corrections_contract import put_message


async def _corrected(conf: Path, count: int) -> None:
    store = await open_installation_store(load(conf))
    for n in range(count):
        key = await put_message(store, f"m{n}", case_id=f"AAAAA-{n:05}")
        await store.put_label(key, PersonLabels(urgency=("high", "low", "critical")[n % 3]), actor="aino")
    await store.close()


@pytest.fixture
def few(tmp_path: Path) -> Path:
    return write_few(tmp_path / "few.jsonl", 120)


def test_train_from_corrections_without_any(run: Any, conf: Path) -> None:
    """Without corrections nothing is trained; the command says so and ends with 3."""
    assert "0 corrections are new" in run("train", "--from-corrections", "-c", conf, code=3).stderr
    assert "needs --config" in run("train", "--from-corrections", code=2).stderr


@pytest.mark.slow
def test_train_promote_rollback(run: Any, rows: Any, conf: Path, few: Path) -> None:
    """A candidate waits with its report, is promoted by its digest and rolled back; the trail names each."""
    asyncio.run(_corrected(conf, 1))
    (conf / "router.yaml").write_text(
        (conf / "router.yaml").read_text(encoding="utf-8").replace("tolerance_f1: 0.02", "tolerance_f1: 1")
        .replace("tolerance_critical: 0.05", "tolerance_critical: 1"), encoding="utf-8",
    )  # fmt: skip
    [report] = rows("train", few, "--from-corrections", "-c", conf)
    assert (report["corrections"], report["in_force"], report["verdict"]["good"]) == (1, False, True)
    place = conf / "data" / "models" / report["digest"]
    assert {path.name for path in place.iterdir()} == {"model.zip", "report.json", "report.txt"}
    assert "may take over" in run("models", "show", report["digest"][:10], "-c", conf).stdout
    assert [one["in_force"] for one in rows("models", "list", "-c", conf)] == [False, True]
    [done] = rows("models", "promote", report["digest"][:10], "-c", conf)
    assert done == {"in_force": report["digest"]}
    assert [one["in_force"] for one in rows("models", "list", "-c", conf)] == [True, False]
    [done] = rows("models", "rollback", "-c", conf)
    assert done == {"in_force": "shipped"}
    run("models", "rollback", "-c", conf, code=1)

    async def trail() -> list[str]:
        store = await open_installation_store(load(conf))
        found = [row.action for row in await store.audit()]
        await store.close()
        return found

    assert asyncio.run(trail())[-3:] == ["model_trained", "model_promoted", "model_rolled_back"]


def test_refused_candidate_needs_force(run: Any, conf: Path) -> None:
    """A model whose report refuses it is promoted only by force."""
    import hashlib
    import json

    place = conf / "data" / "models" / hashlib.sha256(b"x").hexdigest()
    place.mkdir(parents=True)
    (place / "model.zip").write_bytes(b"x")
    (place / "report.json").write_text(json.dumps({"verdict": {"good": False, "reason": "fi fell"}}), encoding="utf-8")
    assert "fi fell" in run("models", "promote", place.name[:12], "-c", conf, code=1).stderr
    run("models", "promote", place.name[:12], "-c", conf, "--force")
    assert (conf / "data" / "models" / "current.zip").read_bytes() == b"x"


def test_label_in_the_terminal(run: Any, rows: Any, conf: Path) -> None:
    """A number with an urgency behind it labels, s skips, nonsense is asked again; JSON only lists."""

    async def fill() -> None:
        store = await open_installation_store(load(conf))
        await put_message(store, "m1", case_id="AAAAA-00001")
        await store.close()

    asyncio.run(fill())
    [offer] = rows("label", "-c", conf)
    assert offer["answers"][0]["kind"] == "complaint"
    assert "0 messages labelled" in run("label", "-c", conf, text="s\n").stdout
    assert "1 message labelled" in run("label", "-c", conf, text="99\n1h\n").stdout
    assert "Nothing waits" in run("label", "-c", conf).stdout
    assert "no user 'nobody'" in run("label", "-c", conf, "--as", "nobody", code=2).stderr

    async def kept() -> list[Any]:
        store = await open_installation_store(load(conf))
        found = await store.corrections("AAAAA-00001")
        await store.close()
        return found

    [one] = asyncio.run(kept())
    assert (one.labels.kind, one.labels.type, one.labels.urgency) == ("complaint", "delivery", "high")


def test_label_goes_back_and_takes_another_answer(run: Any, conf: Path) -> None:
    """``b`` shows the message before again, and what is said then is the newer word; before the first there is none."""

    async def fill() -> None:
        store = await open_installation_store(load(conf))
        for number, text in enumerate(("The parcel came too late.", "Nobody answers my letters about the invoice.")):
            await put_message(store, f"m{number}", case_id=f"AAAAA-0000{number}", text=text)
        await store.close()

    async def last_said() -> list[tuple[str, str | None]]:
        store = await open_installation_store(load(conf))
        said = [one.correction for one in await store.corrected()]
        await store.close()
        return [(one.source_key, one.labels.urgency) for one in said]

    asyncio.run(fill())
    shown = run("label", "-c", conf, text="b\n1h\nb\n1l\nq\n").stdout
    assert "none before it" in shown
    assert "1 message labelled" in shown
    first, again = asyncio.run(last_said())
    assert (first[0], first[1], again[1]) == (again[0], "high", "low")


def test_drift_by_command(rows: Any, run: Any, conf: Path) -> None:
    """Weeks are told newest first, as a table and as JSON."""
    [report] = rows("drift", "-c", conf, "--weeks", "2")
    assert (len(report["weeks"]), report["alarms"]) == (2, [])
    assert "0 messages" in run("drift", "-c", conf).stdout
