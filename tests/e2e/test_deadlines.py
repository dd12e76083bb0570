# SPDX-License-Identifier: Apache-2.0
"""Deadlines in the real process: shown with the case, alarmed once although it is killed over the alarm."""

import asyncio
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from router.testing.product import Product, make_installation
from router.testing.webhooks import WebhookSender, webhook_secret

pytestmark = pytest.mark.slow

COMPLAINT = {"text": "You charged me twice for one invoice. I want my money back!", "sender": {"id": "c1"}}
DEADLINES = [
    {"name": "first", "clock": "first_response", "within": "2s", "at_breach": {"tags": ["late"]}},
    {"name": "law", "preset": "uk-final-response"},
]


def installation(tmp_path: Path) -> Product:
    (tmp_path / "webhook-secret").write_text(webhook_secret(), encoding="utf-8")
    channel = {"kind": "webhook", "account": "shop", "secrets": [{"file": str(tmp_path / "webhook-secret")}]}
    folder = make_installation(tmp_path / "config", channels=[channel])
    yaml = YAML()
    teams = yaml.load(folder / "teams.yaml")
    teams["deadlines"] = DEADLINES
    yaml.dump(teams, folder / "teams.yaml")
    rules = yaml.load(folder / "rules.yaml")
    when = {"deadline.name": "first", "deadline.state": "breached"}
    rules["on_deadline"] = [{"name": "late", "when": when, "urgency": {"up": 1}, "fields": {"stage": "late"}}]
    yaml.dump(rules, folder / "rules.yaml")
    return Product(folder)


async def until_late(product: Product) -> dict[str, Any]:
    """The case once its breach is written."""
    end = time.monotonic() + 20
    while True:
        [case] = await product.cases(user="maria")
        if "late" in case["tags"]:
            return case
        assert time.monotonic() < end, product.log()[-3000:]
        await asyncio.sleep(0.1)


def routed(product: Product, case_id: str) -> list[dict[str, str]]:
    """What the trail says that routes did when the deadline was missed."""
    with sqlite3.connect(product.folder / "data" / "router.db") as database:
        query = "SELECT detail FROM audit WHERE case_id = ? AND action = 'deadline_action' ORDER BY seq"
        found = [json.loads(row[0]) for row in database.execute(query, (case_id,))]
    database.close()
    return found


@pytest.mark.parametrize("place", ["timer.before_alarm:1", "timer.after_alarm:1"])
async def test_alarm_is_raised_once_over_a_kill(tmp_path: Path, place: str) -> None:
    """The process dies with the alarm planned, or written and not committed; the next one raises it with what routes
    say, and nobody a second time."""
    product = installation(tmp_path)
    product.add_user("maria", role="manager")
    await product.start(environment={"COMPLAINT_ROUTER_FAILPOINT": place})
    await WebhookSender(product.url).deliver("event-1", json.dumps(COMPLAINT).encode())
    await product.wait_dead()
    async with product:
        case = await until_late(product)
        await asyncio.sleep(1.5)
        detail = await product.api("GET", f"/cases/{case['id']}", user="maria")
        clocks = {clock["name"]: clock for clock in detail["deadlines"]}
        assert (clocks["first"]["state"], clocks["law"]["statutory"]) == ("running", True)
        assert detail["case"]["due_at"] == clocks["first"]["due_at"]
        assert clocks["first"]["breached_at"] is not None
        assert case["fields"] == {"stage": "late"}
        [alarm] = detail["alarms"]
        assert (alarm["kind"], alarm["decision"]["route"]) == ("breach", "on_deadline/late")
    done = routed(product, case["id"])
    assert [(one["route"], one["does"]) for one in done] == [
        ("on_deadline/late", "urgency up 1"), ("on_deadline/late", "fields stage=late"),
    ]  # fmt: skip
    assert {one["rules"] for one in done} == {alarm["decision"]["rules_digest"]}
    explained = product.command("explain", case["id"], "--config", str(product.folder))
    assert "the deadline 'first' was missed" in explained
    assert "✓ deadline.name is first" in explained
    assert product.log().count("deadline_alarm") == 1
    said = product.command("deadlines", "--config", str(product.folder), "--due", "1h", "--json")
    assert said.count('"first"') == 1
    assert "law" in product.command("deadlines", case["id"], "--config", str(product.folder))
