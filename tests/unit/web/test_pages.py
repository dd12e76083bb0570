# SPDX-License-Identifier: Apache-2.0
"""What people see and do in the browser, without one: forms, fragments, conflicts, hostile words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from yarl import URL

from router.errors import StoreError
from router.schema import Party

OWN = "D1111-AAAAA"
HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}${7*7} hx-get="/logout"'


async def test_front_door_leads_to_the_first_queue(world: Any) -> None:
    """Agents land in their queue, administrators where something needs a hand."""
    for user, target in (("anna", "/queues/delivery"), ("mia", "/queues/delivery"), ("root", "/trouble")):
        answer = await (await world.client(user)).get("/", allow_redirects=False)
        assert answer.headers["Location"] == target


async def test_queue_lists_urgent_first_and_counts(world: Any) -> None:
    """Most urgent, then oldest; the count stands beside the team; a chat shows its first words."""
    await world.add_case("D0000-LOWER", urgency="low", subject="A remark")
    await world.add_case("D9999-ALARM", urgency="critical", channel="x", text="Smoke from the parcel")
    body = await (await (await world.client("anna")).get("/queues/delivery")).text()
    places = [body.index(words) for words in ("Smoke from the parcel", "Lost parcel", "A remark")]
    assert places == sorted(places)
    assert re.search(r'data-team="delivery">3<', body)
    assert "Charged twice" not in body


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=resolved", False), ("state=all", True), ("q=lost", True), ("q=nothing", False),
        ("assigned=me", False), ("queue=lost", False), ("q=%25", False),
    ],
)  # fmt: skip
async def test_queue_filters(world: Any, query: str, shown: bool) -> None:
    """Filters narrow the list; what they are given is text, not a pattern."""
    body = await (await (await world.client("anna")).get(f"/queues/delivery?{query}")).text()
    assert ("Lost parcel" in body) is shown


@pytest.mark.parametrize("query", ["state=nothing", "page=0", "page=x", "page=99999999999"])
async def test_queue_refuses_odd_filters(world: Any, query: str) -> None:
    """Something that cannot be meant is a 400, not a crash."""
    assert (await (await world.client("anna")).get(f"/queues/delivery?{query}")).status == 400


async def test_queue_fragment_is_the_list_and_the_counts_only(world: Any) -> None:
    """htmx gets no second frame."""
    client = await world.client("anna")
    body = await (await client.get("/queues/delivery", headers={"HX-Request": "true"})).text()
    assert "<html" not in body
    assert "Lost parcel" in body
    assert 'hx-target="#nav"' in body


async def test_hostile_words_are_inert_everywhere(world: Any) -> None:
    """Markup, template braces and htmx attributes of customers are shown as the text they are."""
    hostile = Party(name=HOSTILE, address=HOSTILE)
    await world.add_case(
        "D2222-XXXXX", subject=HOSTILE, text=HOSTILE, sender=hostile, message={"fields": {HOSTILE: HOSTILE}}
    )
    await world.add_case("X2222-XXXXX", channel="x", text=HOSTILE, sender=hostile)
    await world.store.add_note("D2222-XXXXX", HOSTILE, actor="ben")
    await world.context.replies.submit("X2222-XXXXX", text="<script>1</script>{{ 7*7 }}", actor="ben")
    client = await world.client("anna")
    for path in (
        "/queues/delivery",
        "/queues/delivery?q=%3Cscript%3E",
        "/cases/D2222-XXXXX",
        "/cases/X2222-XXXXX",
        "/approvals",
    ):
        body = await (await client.get(path)).text()
        assert "<script>" not in re.sub(r'<script src="/static/[^"]+" defer></script>', "", body), path
        assert "<img src=x" not in body
        assert "{{ 7*7 }}" in body or path.endswith("%3E")
        assert not re.search(r'<[^>]* hx-get="/logout"', body)


async def test_pages_carry_the_security_headers(world: Any) -> None:
    """No inline script or style can run, nothing frames us, nothing is sniffed or kept."""
    client = await world.client("anna")
    for path in ("/queues/delivery", f"/cases/{OWN}", "/cases/NOTHERE", "/login", "/api/v1/me"):
        headers = (await client.get(path, allow_redirects=False)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in headers


async def test_pages_have_no_inline_script_or_style(world: Any) -> None:
    """What the policy would block is not there to begin with."""
    client = await world.client("mia")
    for path in ("/queues/delivery", f"/cases/{OWN}", "/approvals", "/trouble", "/calls/new"):
        body = await (await client.get(path)).text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", body), path


async def test_case_page_tells_why_it_is_here(world: Any) -> None:
    """Labels with the words that decided, the route, and what other routes wanted and saw."""
    body = await (await (await world.client("anna")).get(f"/cases/{OWN}")).text()
    assert re.search(r'<mark class="m-type"[^>]*>lost</mark>', body)
    assert "91 %" in body
    for words in ("customer.tier", "gold", "silver", "burn.jpg"):
        assert words in body


async def test_foreign_html_is_served_for_a_sandbox_only(world: Any) -> None:
    """Nothing in it can run, fetch or leave, and only the case's own readers get it."""
    await world.add_case("D2222-XXXXX", message={"html": "<p>styled</p>"})
    path = "/cases/D2222-XXXXX/html?source=email:support:D2222-XXXXX"
    answer = await (await world.client("anna")).get(path)
    assert "<p>styled</p>" in await answer.text()
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert (await (await world.client("otto")).get(path)).status == 404


async def test_change_is_made_and_seen(world: Any) -> None:
    """What the form holds differently is changed, the rest is left."""
    client = await world.client("anna")
    answer = await world.post(client, f"/cases/{OWN}", version="1", urgency="low", assigned_to="ben", state="open")
    assert answer.status == 303
    case = await world.store.case(OWN)
    assert (case.urgency, case.assigned_to, case.state, case.version) == ("low", "ben", "open", 2)


async def test_stale_change_is_refused_kindly(world: Any) -> None:
    """Nothing is overwritten; the page says what was not saved and shows the case as it is now."""
    client = await world.client("anna")
    await world.post(client, f"/cases/{OWN}", version="1", urgency="low")
    answer = await world.post(
        client, f"/cases/{OWN}", version="1", state="resolved", was_state="open", was_urgency="high"
    )
    body = await answer.text()
    assert answer.status == 409
    assert "Somebody changed this case meanwhile, so yours was not saved: state: resolved." in body
    assert 'name="version" value="2"' in body
    assert (await world.store.case(OWN)).state == "open"


@pytest.mark.parametrize(
    "form",
    [
        {"team": "nowhere"}, {"queue": "nowhere"}, {"assigned_to": "otto"}, {"assigned_to": "root"},
        {"urgency": "worst"}, {"version": "x", "state": "resolved"},
    ],
)  # fmt: skip
async def test_change_to_what_does_not_exist_is_refused(world: Any, form: dict[str, str]) -> None:
    """Teams, queues and people must be there, and people in the team."""
    client = await world.client("anna")
    answer = await world.post(client, f"/cases/{OWN}", **{"version": "1", **form})
    assert answer.status == 422
    assert (await world.store.case(OWN)).version == 1


async def test_moving_a_case_gives_it_the_new_teams_queue_and_nobody(world: Any) -> None:
    """The assignee stays only where he is a member."""
    client = await world.client("mia")
    await world.post(client, f"/cases/{OWN}", version="1", assigned_to="ben")
    await world.post(client, f"/cases/{OWN}", version="2", team="billing", queue="delivery")
    case = await world.store.case(OWN)
    assert (case.team, case.queue, case.assigned_to) == ("billing", "billing", None)


async def test_reply_goes_to_the_outbox_once(world: Any) -> None:
    """The same form sent twice makes one answer."""
    client = await world.client("anna")
    for _ in range(2):
        answer = await world.post(client, f"/cases/{OWN}/replies", text="We look for it.", once="abc")
        assert answer.headers["Location"] == f"/cases/{OWN}?done=replied"
    (row,) = await world.store.outbox_rows(states=("pending",))
    assert (row.reply.text, row.created_by, row.target) == ("We look for it.", "anna", "email:support")
    body = await (await client.get(f"/cases/{OWN}")).text()
    assert "on its way" in body
    assert "Take it back" in body


@pytest.mark.parametrize("kept", [False, True], ids=["before the commit", "after the commit"])
async def test_reply_is_sent_again_after_the_database_failed(world: Any, monkeypatch: Any, kept: bool) -> None:
    """Whether the first try was kept or not, who sends the same form again has one answer on its way."""
    client, enqueue = await world.client("anna"), world.store.enqueue

    async def fail(*given: Any, **named: Any) -> None:
        if kept:
            await enqueue(*given, **named)
        raise StoreError("the connection was lost")

    monkeypatch.setattr(world.store, "enqueue", fail)
    form = {"text": "We look for it.", "once": "abc"}
    assert (await world.post(client, f"/cases/{OWN}/replies", **form)).status == 503
    monkeypatch.undo()
    answer = await world.post(client, f"/cases/{OWN}/replies", **form)
    assert answer.headers["Location"] == f"/cases/{OWN}?done=replied"
    (row,) = await world.store.outbox_rows(states=("pending",))
    assert row.reply.text == "We look for it."


async def test_reply_that_was_changed_and_sent_again_is_not_taken_for_the_first(world: Any) -> None:
    """Other words under the same number are kept in the box and said to be so."""
    client = await world.client("anna")
    await world.post(client, f"/cases/{OWN}/replies", text="We look for it.", once="abc")
    answer = await world.post(client, f"/cases/{OWN}/replies", text="We found it.", once="abc")
    assert answer.status == 409
    body = await answer.text()
    assert "We found it." in body
    assert "An earlier form of this answer is kept already" in body
    assert len(await world.store.outbox_rows(states=("pending",))) == 1


async def test_call_that_could_not_be_kept_may_be_sent_again(world: Any, monkeypatch: Any) -> None:
    """A note is never called logged because it was tried before."""
    client, submit = await world.client("anna"), world.call.submit

    async def fail(note: Any) -> None:
        raise StoreError("the connection was lost")

    form = {
        "id": "f" * 32,
        "at": "2026-03-02T10:00:00+00:00",
        "kind": "phone",
        "summary": "No heating",
        "caller": "Rui",
    }
    monkeypatch.setattr(world.call, "submit", fail)
    assert (await world.post(client, "/calls/new", **form)).status == 503
    monkeypatch.setattr(world.call, "submit", submit)
    assert (await world.post(client, "/calls/new", **form)).headers["Location"].startswith("/calls/new?ref=")
    assert [note["caller"] for note in world.call.notes] == ["Rui"]


async def test_reply_that_is_too_long_comes_back_with_its_text(world: Any) -> None:
    """The server counts; nothing typed is lost, and the same form may be sent again."""
    await world.add_case("X3333-CCCCC", channel="x")
    client = await world.client("anna")
    answer = await world.post(client, "/cases/X3333-CCCCC/replies", text="y" * 281, once="one")
    assert answer.status == 422
    assert "y" * 281 in await answer.text()
    again = await world.post(client, "/cases/X3333-CCCCC/replies", text="short", once="one", visibility="direct")
    assert again.headers["Location"].endswith("done=replied")


@pytest.mark.parametrize("word", ["ÖLJY", "öljy", "MÄKINEN", "mäki"])
async def test_search_takes_capitals_of_all_letters_for_the_same(world: Any, word: str) -> None:
    """Who types in small letters finds what was written large."""
    await world.add_case("Z9999-ZZZZZ", subject="Öljyä lattialla", sender=Party(name="Äiti Mäkinen", id="7"))
    found = await (await (await world.client("anna")).get("/queues/delivery", params={"q": word})).text()
    assert "Z9999-ZZZZZ" in found


async def test_draft_that_somebody_else_changed_is_not_written_over(world: Any) -> None:
    """Who edits says which text was seen; the words that were not saved come back."""
    await world.add_case("X3333-CCCCC", channel="x")
    anna, mia = await world.client("anna"), await world.client("mia")
    await world.post(anna, "/cases/X3333-CCCCC/replies", text="We look.", visibility="public")
    (row,) = await world.store.outbox_rows(states=("awaiting_approval",))
    seen = row.reply.digest
    assert (await world.post(mia, f"/outbox/{row.id}/edit", text="We look for it.", digest=seen)).status == 303
    late = await world.post(anna, f"/outbox/{row.id}/edit", text="We look now.", digest=seen)
    assert late.status == 409
    assert "We look now." in await late.text()
    (row,) = await world.store.outbox_rows(states=("awaiting_approval",))
    assert (row.reply.text, row.created_by) == ("We look for it.", "mia")


@pytest.mark.parametrize("path", ["/queues/delivery?page={}", "/incidents?page={}"])
async def test_absurd_number_in_the_address_is_no_error_of_ours(world: Any, path: str) -> None:
    """Python refuses to read numbers of five thousand digits."""
    client = await world.client("anna")
    assert (await client.get(path.format("9" * 5_000))).status < 500


async def test_public_reply_waits_for_a_second_person(world: Any) -> None:
    """Its author is not offered to approve it and cannot; a colleague can, for exactly this text."""
    await world.add_case("X3333-CCCCC", channel="x")
    author, colleague = await world.client("anna"), await world.client("ben")
    answer = await world.post(author, "/cases/X3333-CCCCC/replies", text="Sorry!")
    assert answer.headers["Location"].endswith("done=waits")
    (row,) = await world.store.outbox_rows(states=("awaiting_approval",))
    assert "Approve this text" not in await (await author.get("/approvals")).text()
    assert "Approve this text" in await (await colleague.get("/approvals")).text()
    path = f"/outbox/{row.id}/approve?from=approvals"
    assert (await world.post(author, path, digest=row.reply.digest)).status == 403
    assert (await world.post(colleague, path, digest="0" * 64)).status == 409
    assert (await world.post(colleague, path, digest=row.reply.digest)).headers[
        "Location"
    ] == "/approvals?done=approved"
    assert (await world.store.outbox_row(row.id)).state == "pending"


async def test_edited_draft_has_a_new_author(world: Any) -> None:
    """Whoever changes it cannot approve it any more."""
    await world.add_case("X3333-CCCCC", channel="x")
    row = await world.context.replies.submit("X3333-CCCCC", text="Sorry!", actor="anna")
    client = await world.client("ben")
    assert (await world.post(client, f"/outbox/{row.id}/edit?from=approvals", text="So sorry!")).status == 303
    changed = await world.store.outbox_row(row.id)
    assert (changed.reply.text, changed.created_by) == ("So sorry!", "ben")
    assert (await world.post(client, f"/outbox/{row.id}/approve", digest=changed.reply.digest)).status == 403


async def test_reply_is_withdrawn_while_it_waits(world: Any) -> None:
    """Taken back, it is not sent."""
    row = await world.context.replies.submit(OWN, text="Too early", actor="anna")
    client = await world.client("anna")
    assert (await world.post(client, f"/outbox/{row.id}/withdraw")).headers[
        "Location"
    ] == f"/cases/{OWN}?done=withdrawn"
    assert (await world.store.outbox_row(row.id)).state == "withdrawn"


@pytest.mark.parametrize(("answer", "state"), [("yes", "sent"), ("no", "pending")])
async def test_parked_send_is_settled_by_a_person(world: Any, answer: str, state: str) -> None:
    """It was sent, or it is sent again; never guessed."""
    row = await world.context.replies.submit(OWN, text="Hello", actor="anna")
    await world.park(row)
    client = await world.client("mia")
    assert "unclear whether sent" in await (await client.get("/trouble")).text()
    assert (await world.post(client, f"/outbox/{row.id}/resolve?from=trouble", was_sent=answer)).status == 303
    assert (await world.store.outbox_row(row.id)).state == state


async def test_channel_that_only_receives_has_no_reply_box(world: Any) -> None:
    """The page says so instead of offering what cannot be."""
    await world.add_case("C4444-DDDDD", channel="call")
    body = await (await (await world.client("anna")).get("/cases/C4444-DDDDD")).text()
    assert "only receives" in body
    assert 'id="reply"' not in body


async def test_note_is_added_and_never_empty(world: Any) -> None:
    """Words are needed; they stand in the conversation for staff."""
    client = await world.client("anna")
    assert (await world.post(client, f"/cases/{OWN}/notes", text="  ")).status == 422
    assert (await world.post(client, f"/cases/{OWN}/notes", text="Called back")).status == 303
    assert "Called back" in await (await client.get(f"/cases/{OWN}")).text()


async def test_quarantine_shows_the_reason_and_gives_bytes_as_a_file(world: Any) -> None:
    """The raw message can be saved, never shown, and tried again."""
    raw = await world.add_quarantined()
    client = await world.client("mia")
    assert "unreadable &lt;b&gt;reason" in await (await client.get("/trouble")).text()
    answer = await client.get(f"/quarantine/{raw}/raw")
    assert await answer.read() == b"<script>raw</script>"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.content_type == "application/octet-stream"
    assert (await world.post(client, f"/quarantine/{raw}/retry")).status == 303
    assert await world.store.quarantined() == []


async def test_call_is_logged_with_the_name_of_who_noted_it(world: Any) -> None:
    """The reference to tell the caller is shown; what the channel refuses comes back; sent twice it is one."""
    client = await world.client("anna")
    form = {
        "id": "form-number-1",
        "at": "2026-03-02T09:00:00+00:00",
        "kind": "visit",
        "summary": "Closed",
        "caller": "Rui",
    }
    answer = await world.post(client, "/calls/new", **form)
    assert answer.headers["Location"] == "/calls/new?ref=7K2M9-QXA4B&done=logged"
    assert (await world.post(client, "/calls/new", **form)).status == 303
    assert world.call.notes == [{**form, "phone": "", "email": "", "language": "", "logged_by": "anna"}]
    refused = await world.post(client, "/calls/new", summary="refuse me", caller="Rui")
    assert refused.status == 422
    assert 'value="Rui"' in await refused.text()


async def test_bodies_are_limited(world: Any) -> None:
    """Our own forms take no more than they need, told or untold."""
    client = await world.client("anna")
    assert (await world.post(client, f"/cases/{OWN}/notes", text="x" * 300_000)).status == 413

    async def drip() -> Any:
        for _ in range(30):
            yield b"x" * 20_000

    headers = {"Origin": client.origin, "Content-Type": "application/x-www-form-urlencoded"}
    assert (await client.post(f"/cases/{OWN}/notes", data=drip(), headers=headers)).status == 413


async def test_health_ready_and_metrics_need_no_log_in(world: Any) -> None:
    """Watching machines get an answer."""
    client = await world.client()
    assert (await client.get("/healthz")).status == 200
    assert (await (await client.get("/readyz")).json()) == {"ready": True}
    assert await (await client.get("/metrics")).read() == b"cases_total 1\n"


async def test_static_files_are_kept_by_version_and_nothing_else_is_served(world: Any) -> None:
    """With a version a file may be kept for ever; tricks with the path find nothing."""
    client = await world.client()
    answer = await client.get("/static/base.css?v=1")
    assert "immutable" in answer.headers["Cache-Control"]
    for path in (
        "/static/%2e%2e%2fapp.py",
        "/static/%2e%2e/static/none",
        "/static/..%2fapp.py",
        "/static/",
        "/static/none.css",
    ):
        assert (await client.get(URL(path, encoded=True))).status in (403, 404), path


async def test_reload_is_for_administrators(world: Any) -> None:
    """They read the configuration again; others do not know the address."""
    assert (await world.post(await world.client("root"), "/reload")).headers["Location"] == "/trouble?done=reloaded"
    assert (await world.post(await world.client("mia"), "/reload")).status == 404


async def test_fields_are_shown_changed_added_and_taken_away(world: Any) -> None:
    """What routes set can be edited beside the case; the trail has each change, and a stale form changes nothing."""
    await world.add_case("D5555-FFFFF", fields={"stage": "first", "order": HOSTILE})
    client = await world.client("anna")
    body = await (await client.get("/cases/D5555-FFFFF")).text()
    assert 'name="field.stage" value="first"' in body
    assert HOSTILE not in body
    form = {
        "version": "1", "was_field.stage": "first", "field.stage": "second", "was_field.order": HOSTILE,
        "field.order": "", "new_field": "depot", "new_value": "north",
    }  # fmt: skip
    assert (await world.post(client, "/cases/D5555-FFFFF", **form)).status == 303
    case = await world.store.case("D5555-FFFFF")
    assert (case.fields, set(case.own_fields)) == ({"stage": "second", "depot": "north"}, {"stage", "order", "depot"})
    [row] = [row for row in await world.store.audit(case_id=case.id) if row.action == "case_changed"]
    assert (row.actor, row.detail["fields.stage"], row.detail["fields.depot"]) == (
        "anna",
        "first -> second",
        " -> north",
    )
    assert (await world.post(client, "/cases/D5555-FFFFF", **form)).status == 409
    assert (await world.post(client, "/cases/D5555-FFFFF", version="2", new_field="not a name")).status == 422


async def test_fields_over_the_api(world: Any) -> None:
    """They come with the case, and a patch changes those it names; names and lengths are checked."""
    await world.add_case("D5555-FFFFF", fields={"stage": "first", "order": "A1"})
    client, headers = await world.client(), await world.bearer("anna")
    said = await (await client.get("/api/v1/cases/D5555-FFFFF", headers=headers)).json()
    assert said["case"]["fields"] == {"stage": "first", "order": "A1"}
    path = "/api/v1/cases/D5555-FFFFF"
    patch = {"version": 1, "fields": {"stage": "second", "order": ""}}
    changed = await (await client.patch(path, json=patch, headers=headers)).json()
    assert (changed["fields"], changed["own_fields"]) == ({"stage": "second"}, ["stage", "order"])
    for wrong in ({"a b": "x"}, {"a": "x" * 501}, {f"n{n}": "x" for n in range(101)}):
        answer = await client.patch(path, json={"version": 2, "fields": wrong}, headers=headers)
        assert answer.status == 422, wrong
