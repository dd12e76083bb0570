# SPDX-License-Identifier: Apache-2.0
"""Labelling in a real browser: one key a message, the next one at once, a slip put right, all of it without a mouse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from router.config.loader import load
from router.core import open_installation_store
from router.interfaces import Store
from router.learning.records import Correction
from router.records import Commit, NewMessage, RawOutcome
from router.schema import Case, Classification, Decision, InboundMessage, Party
from router.testing.browser import press
from router.testing.product import PASSWORD, Product, make_installation
from router.testing.store import make_raw

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.slow]

TEXTS = {
    "D1111-AAAAA": "Missä minun pakettini viipyy? Olen odottanut jo kolme viikkoa.",
    "D2222-BBBBB": "Two amounts were taken from my card for one order. Why is that?",
    "D3333-CCCCC": "Le livreur a laissé le colis sous la pluie <script>document.title='it ran'</script>",
}


async def arrive(store: Store, case_id: str, text: str, *, doubt: float) -> None:
    """A message of which the classifier was not sure."""
    now = datetime.now(UTC)
    [receipt] = await store.put_raw([make_raw(text.encode(), native_id=case_id)])
    sender = Party(name="Aino", address="aino@example.org")
    message = InboundMessage(
        channel="email", account="support", native_id=case_id, sender=sender, text=text, received_at=now,
    )  # fmt: skip
    kinds = {"complaint": 0.5 + doubt, "request": 0.5 - doubt, "praise": 0.0, "other": 0.0}
    said = Classification(
        kind="complaint", type="delivery", urgency="normal", language="fi", model="linear@abc", unsure=True,
        scores={"kind": kinds, "type": {"delivery": 0.7, "billing": 0.3}},
    )  # fmt: skip
    case = Case(
        id=case_id, team="delivery", queue="delivery", kind="complaint", type="delivery", urgency="normal",
        language="fi", channel="email", account="support", visibility="private", subject="",
        sender=sender, created_at=now, updated_at=now,
    )  # fmt: skip
    decision = Decision(team="delivery", queue="delivery", route="root", urgency="normal")
    new = NewMessage(raw_id=receipt.raw_id, case_id=case_id, message=message, classification=said, decision=decision)
    outcome = RawOutcome(raw_id=receipt.raw_id, state="done")
    await store.commit(Commit(outcomes=(outcome,), new_cases=(case,), messages=(new,)))


@dataclass
class Installation:
    product: Product

    async def kept(self, case_id: str) -> list[Correction]:
        store = await open_installation_store(load(self.product.folder))
        try:
            return await store.corrections(case_id)
        finally:
            await store.close()


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    """The product with three messages of one team; the first is the one most in doubt."""
    product = Product(make_installation(tmp_path / "config", channels=[]))
    product.add_user("anna", "delivery")
    store = await open_installation_store(load(product.folder))
    for at, (case_id, text) in enumerate(TEXTS.items()):
        await arrive(store, case_id, text, doubt=0.05 + at / 10)
    await store.close()
    async with product:
        yield Installation(product)


async def enter(chromium: Browser, product: Product, problems: list[str], *, script: bool = True) -> Page:
    """Anna, logged in, on the page for labelling."""
    context = await chromium.new_context(java_script_enabled=script)
    page = await context.new_page()
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(f"{product.url}/login?next=/label")
    await page.fill("[name=name]", "anna")
    await page.fill("[name=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Label")
    return page


async def test_messages_are_labelled_with_the_keyboard(chromium: Browser, installation: Installation) -> None:
    """A number answers and the next message is there, s puts off, u brings the last one back; who and when is kept."""
    problems: list[str] = []
    page = await enter(chromium, installation.product, problems)
    text, offer = page.locator(".labelled-text"), page.locator("[data-offer]")
    await expect(text).to_have_text(TEXTS["D1111-AAAAA"])
    await expect(page.locator("[data-key='1']")).to_contain_text("complaint · delivery")
    begun = datetime.now(UTC)
    await press(page, "1")
    await expect(page.locator(".flash.good")).to_contain_text("learns from it")
    await expect(text).to_have_text(TEXTS["D2222-BBBBB"])
    await expect(offer).to_contain_text("2 to go")
    await press(page, "s")
    await expect(text).to_have_text(TEXTS["D3333-CCCCC"])
    await page.locator("select[name=urgency]").focus()
    await page.keyboard.type("high")
    await press(page, "Escape")
    await press(page, "3")
    await expect(page.locator("section.card")).to_contain_text("Nothing waits for a label.")
    [first] = await installation.kept("D1111-AAAAA")
    assert (first.actor, first.via, first.labels.kind, first.labels.type) == ("anna", "label", "complaint", "delivery")
    assert begun <= first.at <= datetime.now(UTC)
    assert await installation.kept("D2222-BBBBB") == []
    [third] = await installation.kept("D3333-CCCCC")
    assert third.labels.urgency == "high"

    await press(page, "u")  # that was a slip
    await expect(text).to_have_text(TEXTS["D3333-CCCCC"])
    await expect(offer).to_contain_text("You said:")
    await expect(page.locator("select[name=urgency]")).to_have_value("high")
    await press(page, "1")
    await expect(page.locator(".flash.good")).to_contain_text("learns from it")
    said = [(one.labels.kind, one.labels.type, one.labels.urgency) for one in await installation.kept("D3333-CCCCC")]
    assert said[0] != said[1] == ("complaint", "delivery", "high")
    await page.goto(f"{installation.product.url}/label")
    await expect(text).to_have_text(TEXTS["D2222-BBBBB"])  # what was put off comes back in the next sitting
    assert await page.title() != "it ran"
    assert problems == []


async def test_messages_are_labelled_without_javascript_on_a_phone(
    chromium: Browser, installation: Installation
) -> None:
    """Buttons and links do the same, also with an answer that was not offered; nothing is wider than the screen."""
    page = await enter(chromium, installation.product, [], script=False)
    await page.set_viewport_size({"width": 360, "height": 740})
    assert (await page.locator("[data-offer]").bounding_box() or {"width": 999})["width"] <= 360
    await page.click("summary")
    await page.select_option("[name=kind]", "request")
    await page.select_option("[name=type]", "privacy")
    await page.click("text=Say this")
    await expect(page.locator(".labelled-text")).to_have_text(TEXTS["D2222-BBBBB"])
    await page.click("text=Label the last one again")
    await expect(page.locator(".labelled-text")).to_have_text(TEXTS["D1111-AAAAA"])
    await page.click("text=Leave it as it is")
    await expect(page.locator(".labelled-text")).to_have_text(TEXTS["D2222-BBBBB"])
    [kept] = await installation.kept("D1111-AAAAA")
    assert (kept.actor, kept.labels.kind, kept.labels.type) == ("anna", "request", "privacy")
