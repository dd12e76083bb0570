# SPDX-License-Identifier: Apache-2.0
"""The commands of ``incidents``, on an installation that a storm came over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from router.config.loader import load
from router.core import open_installation_store
from router.incidents.settings import IncidentSettings
from router.interfaces import Store
from router.testing.incidents import make, put_complaints


def in_store(conf: Path, work: Callable[[Store], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        store = await open_installation_store(load(conf))
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


@pytest.fixture
def stormy(conf: Path) -> Path:
    """Twelve mails and three posts about one product, among others."""
    now = datetime.now(UTC) - timedelta(minutes=5)

    async def fill(store: Store) -> None:
        others = [make(f"o{n}", now, f"invoice {n}", kind="billing", language="en") for n in range(30)]
        storm = [
            make(f"s{n}", now, "Kettle.", kind="product", language="fi" if n % 3 else "en",
                 channel="email" if n < 12 else "x", fields={"product": "Kettle K2"})
            for n in range(15)
        ]  # fmt: skip
        await put_complaints(store, [*others, *storm])
        await store.watch_incidents(IncidentSettings(minimum=5), now=datetime.now(UTC), limit=500)

    in_store(conf, fill)
    return conf


@pytest.fixture
def name(stormy: Path, rows: Any) -> str:
    [found] = rows("incidents", "list", "--config", stormy)
    assert (found["cases"], found["type"], found["state"]) == (15, "product", "open")
    return str(found["id"])


def test_incidents_of_a_quiet_installation(run: Any, conf: Path) -> None:
    """Nothing is said in words, and in JSON nothing."""
    assert run("incidents", "list", "--config", conf).stdout == "No incidents.\n"
    assert run("incidents", "list", "--json", "--config", conf).stdout == ""


def test_incidents_are_listed_shown_and_ended(run: Any, rows: Any, stormy: Path, name: str) -> None:
    """In words and JSON; what is over is listed when asked for, and taken up again."""
    assert f"{name}  open" in run("incidents", "list", "--config", stormy).stdout
    [shown] = rows("incidents", "show", name.lower(), "--config", stormy)
    assert sorted(shown["case_ids"]) == sorted(f"S{n}" for n in range(15))
    assert "f:product:kettle k2" in run("incidents", "show", name, "--config", stormy).stdout
    assert "resolved" in run("incidents", "close", name, "--config", stormy).stdout
    assert "resolved already" in run("incidents", "close", name, "--config", stormy, code=1).stderr
    assert run("incidents", "list", "--config", stormy).stdout == "No incidents.\n"
    assert [one["closed_by"] for one in rows("incidents", "list", "--all", "--config", stormy)] == ["command line"]
    assert "open" in run("incidents", "reopen", name, "--config", stormy).stdout
    assert "no incident INC-NONE" in run("incidents", "show", "INC-NONE", "--config", stormy, code=1).stderr


def test_incidents_mute_is_for_a_time(run: Any, rows: Any, stormy: Path, name: str) -> None:
    """Muted until then, told of again when asked, and a length that is none is refused."""
    before = datetime.now(UTC)
    [muted] = rows("incidents", "mute", name, "--for", "2h", "--config", stormy)
    until = datetime.fromisoformat(muted["muted_until"])
    assert timedelta(hours=2) <= until - before < timedelta(hours=2, minutes=1)
    assert "  muted" in run("incidents", "list", "--config", stormy).stdout
    assert "muted by command line" in run("incidents", "show", name, "--config", stormy).stdout
    assert "muted" not in run("incidents", "unmute", name, "--config", stormy).stdout
    assert "not muted" in run("incidents", "unmute", name, "--config", stormy, code=1).stderr
    for wrong in ("soon", "0h", "h", "5", "-1h"):
        assert "no length of time" in run("incidents", "mute", name, "--for", wrong, "--config", stormy, code=2).stderr


def test_incidents_cases_are_moved_by_hand(run: Any, rows: Any, stormy: Path, name: str) -> None:
    """A case is taken out and put in again; one that is in none is said so."""
    assert "14 cases" in run("incidents", "remove", "s3", "--config", stormy).stdout
    assert "in no incident" in run("incidents", "remove", "s3", "--config", stormy, code=1).stderr
    assert [one["cases"] for one in rows("incidents", "add", name, "s3", "--config", stormy)] == [15]
    assert "no case NOTHING" in run("incidents", "add", name, "nothing", "--config", stormy, code=1).stderr


def test_incidents_update_is_shown_then_kept(run: Any, rows: Any, stormy: Path, name: str, tmp_path: Path) -> None:
    """It shows who gets what before it asks; no means no; yes keeps it, once; it can be stopped."""
    texts = tmp_path / "update.yaml"
    texts.write_text("en: We are on it.\nfi: Korjaamme vikaa.\n", encoding="utf-8")
    words = ("incidents", "update", name, "--file", texts, "--config", stormy)
    asked = run(*words, text="n\n", code=1).stdout
    assert "x            fi   cannot be answered on its channel" in asked
    assert "Send it?" in asked
    assert in_store(stormy, lambda store: store.incident_updates()) == []
    [made] = rows(*words, "--yes")
    assert (made["texts"]["fi"], made["actor"], made["number"]) == ("Korjaamme vikaa.", "command line", 1)
    assert "Update 1 is kept" in run(*words, "--yes").stdout
    assert len(in_store(stormy, lambda store: store.incident_updates())) == 1
    assert "Update 1 is stopped" in run("incidents", "stop", name, 1, "--config", stormy).stdout
    assert "stopped by command line" in run("incidents", "show", name, "--config", stormy).stdout
    assert "no update 9" in run("incidents", "stop", name, 9, "--config", stormy, code=1).stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ("fi: Hei\n", "needs a text in en", 1),
        ("en: a\nxx: b\n", "no language 'xx'", 2),
        ("- a\n", "must be a mapping", 2),
        ("en: 5\n", "must be lines of language and text", 2),
    ],
)
def test_incidents_update_with_a_mistake(
    run: Any, stormy: Path, name: str, tmp_path: Path, wrong: tuple[str, str, int]
) -> None:
    """A file of texts that cannot be used is refused before anything is asked."""
    texts, (file, sentence, code) = tmp_path / "update.yaml", wrong
    texts.write_text(file, encoding="utf-8")
    done = run("incidents", "update", name, "--file", texts, "--yes", "--config", stormy, code=code)
    assert sentence in done.stderr
