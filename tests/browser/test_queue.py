# SPDX-License-Identifier: Apache-2.0
"""An agent's day in a real browser: log in, see the queue fill, answer, watch the answer leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from router.clock import SystemClock
from router.config.models import RouterSettings, TeamSettings
from router.incidents.settings import IncidentSettings
from router.interfaces import Capabilities, Channel, Store
from router.records import AuditRow, CaseChange, Commit, NewMessage, RawOutcome, User
from router.replies.service import ReplyService
from router.schema import Case, InboundMessage, Party, Receipt, Urgency
from router.testing.browser import press
from router.testing.channel_worlds import MemoryChannel
from router.testing.incidents import Complaint, make, put_complaints
from router.testing.store import TEST_KEY, make_raw, memory_store
from router.web.app import create_app
from router.web.context import WebContext
from router.web.passwords import hash_password

pytestmark = [pytest.mark.browser, pytest.mark.integration]

PASSWORD = "a long password for tests"
HOSTILE = "<img src=x onerror=\"document.title='it ran'\"><script>document.title='it ran'</script>{{ 7*7 }}"


class Bell:
    """Rung by the test after a commit; many may wait."""

    def __init__(self) -> None:
        self._now = asyncio.Event()

    def ring(self) -> None:
        self._now.set()
        self._now = asyncio.Event()

    async def wait(self, timeout: float) -> None:
        await asyncio.wait_for(self._now.wait(), timeout)


@dataclass
class Desk:
    """The running application and what is behind it."""

    store: Store
    url: str
    bell: Bell
    clock: SystemClock

    async def arrive(self, case_id: str, subject: str, text: str, *, channel: str = "email", urgency: Urgency) -> None:
        """A complaint is committed as the pipeline would."""
        now, public = self.clock.now(), "public" if channel == "x" else "private"
        (receipt,) = await self.store.put_raw([make_raw(text.encode(), native_id=case_id, channel=channel)])
        sender = Party(name="Aino", address="aino@example.org")
        message = InboundMessage(
            channel=channel, account="support", native_id=case_id, sender=sender, subject=subject, text=text,
            received_at=now, visibility=public,  # type: ignore[arg-type]
            html=f"<p>{text}</p>",
        )  # fmt: skip
        case = Case(
            id=case_id, team="delivery", queue="delivery", kind="complaint", type="delivery", urgency=urgency,
            language="fi", channel=channel, account="support", visibility=message.visibility, subject=subject,
            sender=sender, created_at=now, updated_at=now,
        )  # fmt: skip
        new = NewMessage(raw_id=receipt.raw_id, case_id=case_id, message=message)
        outcome = RawOutcome(raw_id=receipt.raw_id, state="done")
        audit = (AuditRow(at=now, actor="pipeline", action="case_routed", case_id=case_id, team="delivery"),)
        await self.store.commit(Commit(outcomes=(outcome,), new_cases=(case,), messages=(new,), audit=audit))
        self.bell.ring()

    async def send_all(self) -> None:
        """Everything that waits to leave has left."""
        for row in await self.store.lease_outbox("test", limit=10):
            await self.store.start_attempt(row)
            await self.store.settle_outbox(row, state="sent", receipt=Receipt(sent_at=self.clock.now()))
        self.bell.ring()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """One team, two agents, mail and a public channel."""
    clock, bell = SystemClock(), Bell()
    store = await memory_store(clock=clock)
    channels: dict[str, Channel] = {
        "email:support": MemoryChannel("support", kind="email", capabilities=Capabilities(reply=("private",))),
        "x:support": MemoryChannel(
            "support",
            kind="x",
            capabilities=Capabilities(reply=("public",), max_length=280, length_unit="weighted_280"),
        ),
    }
    context = WebContext(
        store=store,
        settings=RouterSettings(company="Nordwind"),
        teams=(TeamSettings(name="delivery", title="Delivery"), TeamSettings(name="billing", title="Billing")),
        channels=channels,
        replies=ReplyService(store, channels=channels, mail={}, key=TEST_KEY, clock=clock, queued=bell.ring),
        clock=clock,
        metrics=None,
        reload=None,
        changes=bell,
    )
    for name in ("anna", "ben"):
        await store.put_user(User(name=name, teams=("delivery",), password_hash=hash_password(PASSWORD)))
    server = TestServer(create_app(context))
    await server.start_server()
    yield Desk(store=store, url=f"http://127.0.0.1:{server.port}", bell=bell, clock=clock)
    await server.close()
    await store.close()


async def _enter(chromium: Browser, desk: Desk, user: str, problems: list[str]) -> Page:
    context = await chromium.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(desk.url)
    await page.fill("[name=name]", user)
    await page.fill("[name=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Delivery")
    return page


async def test_agent_answers_with_the_keyboard_and_sees_it_leave(chromium: Browser, desk: Desk) -> None:
    """A case appears by itself, is opened, answered and resolved without the mouse and without a reload."""
    problems: list[str] = []
    page = await _enter(chromium, desk, "anna", problems)
    await expect(page.locator(".live.on")).to_be_visible()
    await desk.arrive("D1111-AAAAA", "Paketti ei tullut", "Missä paketti on?", urgency="high")
    await expect(page.locator(".row")).to_have_count(1)
    await expect(page.locator("[data-team=delivery]")).to_have_text("1")
    await press(page, "j")
    await press(page, "Enter")
    await expect(page.locator("h1")).to_have_text("Paketti ei tullut")
    await press(page, "r")
    await page.keyboard.type("Selvitämme asian tänään.")
    await press(page, "Control+Enter")
    sent = page.locator(".entry.out .delivery")
    await expect(sent).to_have_text("on its way")
    await desk.send_all()
    await expect(sent).to_have_text("sent")
    await expect(page.locator(".chip.state")).to_have_text("waiting")
    await page.locator("h1").click()
    await press(page, "e")
    await expect(page.locator(".chip.state")).to_have_text("resolved")
    assert (await desk.store.case("D1111-AAAAA")).state == "resolved"
    await press(page, "u")
    await expect(page.locator(".empty")).to_be_visible()
    assert problems == []


async def test_public_answer_is_counted_and_approved_by_a_colleague(chromium: Browser, desk: Desk) -> None:
    """The counter follows the channel's rule; the colleague sees it waiting without a reload."""
    problems: list[str] = []
    author, colleague = [await _enter(chromium, desk, name, problems) for name in ("anna", "ben")]
    await desk.arrive("X2222-AAAAA", "", "Three weeks!", channel="x", urgency="normal")
    await colleague.goto(f"{desk.url}/approvals")
    await author.goto(f"{desk.url}/cases/X2222-AAAAA")
    await author.fill("#reply", "https://example.org/a-long-address-that-counts-as-23 ä")
    await expect(author.locator("#reply-count")).to_have_text("255 left")
    await author.fill("#reply", "y" * 281)
    await expect(author.locator("#reply-count.over")).to_have_text("1 too many")
    await author.click("#composer button.main")
    await expect(author.locator("#composer .flash.bad")).to_contain_text("takes 280")
    assert await author.input_value("#reply") == "y" * 281
    await author.fill("#reply", "We are sorry!")
    await author.click("#composer button.main")
    await expect(author.locator("#composer .flash.good")).to_contain_text("approval")
    await colleague.click("text=Approve this text")
    await expect(colleague.locator(".flash.good")).to_contain_text("on its way")
    await expect(author.locator(".entry.out .delivery")).to_have_text("on its way")
    assert [text for text in problems if "422" not in text] == []


async def _log_in_again(page: Page) -> None:
    await page.fill("[name=name]", "anna")
    await page.fill("[name=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Paketti")


async def test_what_was_written_outlives_a_log_in_that_ended(chromium: Browser, desk: Desk) -> None:
    """Who sends after the session ended logs in, is back at the case, and finds the words; once sent they are gone."""
    page = await _enter(chromium, desk, "anna", [])
    await desk.arrive("D1111-AAAAA", "Paketti", "Missä?", urgency="high")
    await page.goto(f"{desk.url}/cases/D1111-AAAAA")
    await page.fill("#reply", "Selvitämme asian tänään.")
    await page.click("#note summary")
    await page.fill("#note-text", "Soita kuljettajalle")
    await page.context.clear_cookies()
    await page.click("#composer button.main")
    await expect(page.locator("[name=password]")).to_be_visible()
    await _log_in_again(page)
    assert await page.input_value("#reply") == "Selvitämme asian tänään."
    await expect(page.locator("#note-text")).to_be_visible()
    assert await page.input_value("#note-text") == "Soita kuljettajalle"
    await page.click("#composer button.main")
    await expect(page.locator(".entry.out .delivery")).to_have_text("on its way")
    await page.click("#note button")
    await expect(page.locator("#conversation")).to_contain_text("Soita kuljettajalle")
    await page.reload()
    assert [await page.input_value(box) for box in ("#reply", "#note-text")] == ["", ""]
    await page.fill("#reply", "Toinen")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.click("text=Log out")
    await page.goto(f"{desk.url}/cases/D1111-AAAAA")
    await _log_in_again(page)
    assert await page.input_value("#reply") == ""


async def test_second_click_does_nothing_and_a_lost_line_is_told(chromium: Browser, desk: Desk) -> None:
    """A note clicked twice is one; without a connection the words stay, are said to be unsent, and go the next time."""
    page = await _enter(chromium, desk, "anna", [])
    await desk.arrive("D1111-AAAAA", "Paketti", "Missä?", urgency="high")
    await page.goto(f"{desk.url}/cases/D1111-AAAAA")
    await page.click("#note summary")
    await page.fill("#note-text", "Soita kuljettajalle")
    await page.dblclick("#note button")
    await expect(page.locator("#conversation .entry.note")).to_have_count(1)
    await page.fill("#reply", "Selvitämme asian tänään.")
    await page.context.set_offline(True)
    await page.click("#composer button.main")
    await expect(page.locator("#flash")).to_contain_text("no connection")
    assert await page.input_value("#reply") == "Selvitämme asian tänään."
    await page.context.set_offline(False)
    await page.click("#composer button.main")
    await expect(page.locator(".entry.out .delivery")).to_have_text("on its way")
    await expect(page.locator("#conversation .entry.note")).to_have_count(1)


async def test_stale_change_is_explained_and_nothing_is_lost(chromium: Browser, desk: Desk) -> None:
    """What somebody is choosing survives news; saving it then says what happened."""
    problems: list[str] = []
    page = await _enter(chromium, desk, "anna", problems)
    await desk.arrive("D1111-AAAAA", "Paketti", "Missä?", urgency="high")
    await page.goto(f"{desk.url}/cases/D1111-AAAAA")
    await expect(page.locator("#live.on")).to_have_count(1)
    await page.select_option("select[name=state]", "resolved")
    await desk.store.change_case("D1111-AAAAA", CaseChange(urgency="low"), version=1, actor="ben")
    desk.bell.ring()
    await expect(page.locator(".marks .urgency")).to_have_text("low")
    assert await page.input_value("select[name=state]") == "resolved"
    await page.click("text=Save changes")
    await expect(page.locator("#flash")).to_contain_text("state: resolved")
    assert await page.input_value("select[name=state]") == "open"
    assert await page.input_value("select[name=urgency]") == "low"


async def test_customers_words_never_run(chromium: Browser, desk: Desk) -> None:
    """Neither as text nor as HTML in its frame."""
    problems: list[str] = []
    page = await _enter(chromium, desk, "anna", problems)
    await desk.arrive("D1111-AAAAA", HOSTILE, HOSTILE, urgency="high")
    await expect(page.locator(".row")).to_contain_text("{{ 7*7 }}")
    await page.goto(f"{desk.url}/cases/D1111-AAAAA")
    await page.click("text=As its sender laid it out")
    await page.frame_locator("iframe.foreign").locator("p").wait_for()
    assert await page.title() != "it ran"
    blocked = [text for text in problems if "sandboxed" in text or "Content Security Policy" in text]
    assert len(blocked) == len(problems)


async def test_what_a_reader_opened_stays_open_when_news_come(chromium: Browser, desk: Desk) -> None:
    """And what was closed stays closed, in the conversation and beside it."""
    problems: list[str] = []
    page = await _enter(chromium, desk, "anna", problems)
    await desk.arrive("D1111-AAAAA", "Paketti", "Missä?", urgency="high")
    await page.goto(f"{desk.url}/cases/D1111-AAAAA")
    await expect(page.locator("#live.on")).to_have_count(1)
    layout = page.locator("details", has_text="As its sender laid it out")
    await layout.locator("summary").click()
    await layout.locator("iframe").wait_for()
    for version, urgency in enumerate(("low", "critical"), start=1):
        await desk.store.change_case("D1111-AAAAA", CaseChange(urgency=urgency), version=version, actor="ben")
        desk.bell.ring()
        await expect(page.locator(".marks .urgency")).to_have_text(urgency)
        assert await layout.evaluate("one => one.open") is (version == 1)
        if version == 1:
            await layout.locator("summary").click()
            await expect(layout.locator("iframe")).not_to_be_visible()
    assert problems == []


async def test_news_do_not_close_a_draft_that_is_edited(chromium: Browser, desk: Desk) -> None:
    """Another draft comes to wait for approval meanwhile."""
    problems: list[str] = []
    author, colleague = [await _enter(chromium, desk, name, problems) for name in ("anna", "ben")]
    for place, case in enumerate(("X2222-AAAAA", "X3333-AAAAA"), start=1):
        await desk.arrive(case, "", "Three weeks!", channel="x", urgency="normal")
        await author.goto(f"{desk.url}/cases/{case}")
        await author.fill("#reply", f"We are sorry about {case}.")
        if place == 2:
            await colleague.goto(f"{desk.url}/approvals")
            await expect(colleague.locator("#live.on")).to_have_count(1)
            await colleague.click("summary")
            await colleague.fill("textarea", "We are very sorry.")
        await author.click("#composer button.main")
        await expect(author.locator("#composer .flash.good")).to_contain_text("approval")
    await expect(colleague.locator(".approval")).to_have_count(2)
    await expect(colleague.locator("textarea:visible")).to_have_count(1)
    assert await colleague.locator("textarea:visible").input_value() == "We are very sorry."
    assert problems == []


async def _storm(desk: Desk) -> str:
    """Twelve mails and three posts to Delivery name one outage; other teams have other things. The incident's id."""
    now = desk.clock.now()
    others = [make(f"o{n}", now, f"invoice {n}", kind="billing", language="en") for n in range(30)]
    storm = [
        make(f"s{n}", now, "Broken.", kind="technical", language="en", channel="email" if n < 12 else "x",
             fields={"outage": "NW-7"})
        for n in range(15)
    ]  # fmt: skip
    mine = {"team": "delivery", "queue": "delivery"}
    await put_complaints(
        desk.store,
        [*others, *(Complaint((case.model_copy(update=mine), *rest)) for case, *rest in storm)],  # type: ignore[arg-type]
    )
    await desk.store.watch_incidents(IncidentSettings(minimum=5), now=desk.clock.now(), limit=500)
    desk.bell.ring()
    [incident] = await desk.store.incidents()
    return incident.id


async def test_storm_is_seen_and_answered_with_the_keyboard(chromium: Browser, desk: Desk) -> None:
    """The banner appears by itself, leads to the incident, and an update is shown before it is sent."""
    problems: list[str] = []
    page = await _enter(chromium, desk, "anna", problems)
    await expect(page.locator(".live.on")).to_be_visible()
    name = await _storm(desk)
    await expect(page.locator(".storm-banner")).to_contain_text("15 cases")
    await press(page, "i")
    await expect(page.locator(".ref").first).to_have_text(name)
    await press(page, "r")
    await page.keyboard.type("We are on it.")
    await press(page, "Control+Enter")
    await expect(page.locator(".update tbody tr")).to_have_count(2)
    assert await desk.store.incident_updates() == []
    await page.click("text=Send to 15 cases")
    await expect(page.locator("#updates")).to_contain_text("under way")
    [kept] = await desk.store.incident_updates()
    await desk.store.advance_update(kept, last_case="X", done=True, tally={"queued": 12, "held": 3})
    case = await desk.store.case("S1")
    await desk.store.change_case(case.id, CaseChange(urgency="low"), version=case.version, actor="ben")
    desk.bell.ring()
    await expect(page.locator("#updates")).to_contain_text("3 needed approval")
    await press(page, "u")
    await expect(page.locator("h1")).to_have_text("Incidents")
    await press(page, "j")
    await press(page, "Enter")
    await expect(page.locator("h1")).to_have_text("technical: nw-7")
    await press(page, "e")
    await expect(page.locator(".chip.state")).to_have_text("over")
    await page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/incidents?state=all", f"/incidents/{name}", "/queues/delivery"):
        await page.goto(desk.url + path)
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    assert problems == []


async def test_storm_is_answered_without_javascript(chromium: Browser, desk: Desk) -> None:
    """Every step is a page and a form."""
    name = await _storm(desk)
    page = await (await chromium.new_context(java_script_enabled=False)).new_page()
    await page.goto(f"{desk.url}/login?next=/incidents")
    await page.fill("[name=name]", "anna")
    await page.fill("[name=password]", PASSWORD)
    await page.click("button")
    await page.click(f"[href='/incidents/{name}']")
    await page.fill("#text-en", "We are on it.")
    await page.click("text=Show who gets it")
    await page.click("text=Send to 15 cases")
    await expect(page.locator(".flash.good")).to_contain_text("on its way")
    [kept] = await desk.store.incident_updates()
    assert (kept.texts, kept.teams) == ({"en": "We are on it."}, ("delivery",))
    await page.click("text=Stop it")
    await page.click("text=End it")
    await page.click("text=Open again")
    assert (await desk.store.incident(name)).state == "open"


async def test_pages_fit_a_phone(chromium: Browser, desk: Desk) -> None:
    """Nothing has to be scrolled sideways."""
    await desk.arrive("D1111-AAAAA", "Paketti " * 12, "Missä?" * 80, urgency="critical")
    page = await _enter(chromium, desk, "anna", [])
    await page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/queues/delivery", "/cases/D1111-AAAAA", "/approvals"):
        await page.goto(desk.url + path)
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
