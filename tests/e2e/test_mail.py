# SPDX-License-Identifier: Apache-2.0
"""The mail that matters: SMTP client, Postfix, Dovecot, the product, the agent, Postfix, and the customer's mailbox."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from router.testing.product import Product, make_installation
from router.testing.servers import ServerMissing, free_port, skip_or_fail
from router.testing.servers.certificates import Certificates, make_certificates
from router.testing.servers.dovecot import DovecotServer, dovecot
from router.testing.servers.mailsink import mail_sink
from router.testing.servers.postfix import PostfixServer, postfix

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture
def mailbox(certificates: Certificates) -> Iterator[DovecotServer]:
    try:
        with dovecot(certificates) as server:
            if not server.has_lmtp:
                skip_or_fail(ServerMissing("Dovecot has no LMTP: apt-get install dovecot-lmtpd", "dovecot-lmtpd"))
            yield server
    except ServerMissing as error:
        skip_or_fail(error)


@pytest.fixture
def inbound(certificates: Certificates, mailbox: DovecotServer) -> Iterator[PostfixServer]:
    """Takes the customer's mail and puts it into Dovecot."""
    try:
        with postfix(certificates, relay_port=mailbox.lmtp_port, protocol="lmtp") as server:
            yield server
    except ServerMissing as error:
        skip_or_fail(error)


@pytest.fixture
def outbound_port() -> int:
    return free_port()


@pytest.fixture
def outbound(certificates: Certificates, outbound_port: int) -> Iterator[PostfixServer]:
    """Takes the company's answers and brings them to the customer."""
    try:
        with postfix(certificates, relay_port=outbound_port) as server:
            yield server
    except ServerMissing as error:
        skip_or_fail(error)


def finnish_complaint() -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Anna Mäkelä <anna@example.com>"
    mail["To"] = "support@example.org"
    mail["Subject"] = "Paketti ei ole tullut"
    mail["Date"] = "Mon, 02 Mar 2026 10:00:00 +0200"
    mail["Message-ID"] = "<lost-parcel@example.com>"
    mail.set_content(
        "Hei,\n\ntilasin kengät kolme viikkoa sitten (tilaus 48213), eikä pakettia ole vieläkään tullut.\n"
        "Seurannassa lukee yhä \"käsittelyssä\". Missä pakettini on ja milloin saan sen?\n\nTerveisin Anna\n"
    )  # fmt: skip
    return mail


def installation(tmp_path: Path, mailbox: DovecotServer, outbound: PostfixServer) -> Path:
    (tmp_path / "imap-password").write_text(mailbox.password, encoding="utf-8")
    email = {
        "kind": "email",
        "account": "support",
        "address": "support@example.org",
        "from_name": "Example Shop",
        "reply_address": "support+{token}@example.org",
        "imap": {
            "host": "localhost", "port": mailbox.tls_port, "ca_file": str(mailbox.ca_file), "user": mailbox.user,
            "password": {"file": str(tmp_path / "imap-password")},
        },
        "smtp": {"host": "127.0.0.1", "port": outbound.port, "tls": "none"},
    }  # fmt: skip
    return make_installation(tmp_path / "config", channels=[email])


async def send(mail: EmailMessage, server: PostfixServer) -> None:
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=server.port, start_tls=False, timeout=20)


async def test_finnish_mail_is_routed_and_answered(
    tmp_path: Path, mailbox: DovecotServer, inbound: PostfixServer, outbound: PostfixServer, outbound_port: int
) -> None:
    """A lost parcel told in Finnish reaches the delivery team with its reasons, and the answer reaches the customer."""
    folder = installation(tmp_path, mailbox, outbound)
    product = Product(folder)
    product.add_user("aino", "delivery")
    async with mail_sink(port=outbound_port) as customer, product:
        await send(finnish_complaint(), inbound)
        [case] = await product.cases(user="aino")
        assert (case["team"], case["type"], case["kind"]) == ("delivery", "delivery", "complaint")
        assert case["language"] == "fi"
        assert case["sender"]["name"] == "Anna Mäkelä"

        seen = await product.api("GET", f"/cases/{case['id']}", user="aino")
        assert seen["decision"]["route"] == "root/delivery"
        assert any(c["held"] for t in seen["decision"]["traces"] if t["matched"] for c in t["conditions"])
        assert seen["classification"]["why"]["type"]
        assert seen["classification"]["urgency"] in {"normal", "high"}

        [acknowledgement] = await customer.wait_for(1)
        assert acknowledgement.message["Auto-Submitted"] == "auto-replied"
        assert case["id"] in acknowledgement.text
        assert "tilasin" not in acknowledgement.text

        await product.api("POST", f"/cases/{case['id']}/replies", user="aino", text="Pahoittelemme, etsimme pakettisi.")
        _, answer = await customer.wait_for(2)
        assert answer.recipients == ("anna@example.com",)
        assert answer.message["In-Reply-To"] == "<lost-parcel@example.com>"
        assert "<lost-parcel@example.com>" in answer.message["References"]
        assert answer.message["Subject"] == "Re: Paketti ei ole tullut"
        assert answer.message["Auto-Submitted"] is None
        assert answer.text.strip() == "Pahoittelemme, etsimme pakettisi."

        follow_up = EmailMessage()
        follow_up["From"] = "anna@example.com"
        follow_up["To"] = answer.message["Reply-To"]
        follow_up["Subject"] = "Vs: Paketti ei ole tullut"
        follow_up["Message-ID"] = "<second@example.com>"
        follow_up["In-Reply-To"] = answer.message["Message-ID"]
        follow_up.set_content("Kiitos, odotan.")
        await send(follow_up, inbound)
        await send(finnish_complaint(), inbound)  # the same mail once more: a copy, not a case
        for _ in range(200):
            [case] = await product.cases(user="aino")
            seen = await product.api("GET", f"/cases/{case['id']}", user="aino")
            if len(case["messages"] or seen["case"]["messages"]) == 3:
                break
        received = [entry for entry in seen["conversation"] if entry["direction"] == "in"]
        assert [len(entry["copies"]) for entry in received] == [1, 0]
        sent = [entry for entry in seen["conversation"] if entry["direction"] == "out"]
        assert {entry["delivery"] for entry in sent} == {"sent"}
        assert await product.stop() == 0
    assert len(customer.mails) == 2
    assert "tilasin" not in product.log()
    assert "anna@example.com" not in product.log()


@pytest.mark.parametrize(
    "failpoint",
    [
        "fetch.after_body:1",
        "fetch.before_flag_seen:1",
        "fetch.after_flag_seen:1",
        "classify.mid:1",
        "route.after_decide:1",
        "db.before_commit:3",
        "db.before_commit:4",
        "db.after_commit:3",
        "db.after_commit:4",
        "db.after_commit:5",
        "lease.after_take:1",
        "reply.before_send:1",
    ],
)
async def test_mail_survives_kill(
    tmp_path: Path, mailbox: DovecotServer, outbound: PostfixServer, outbound_port: int, failpoint: str
) -> None:
    """Killed anywhere on the way, the product makes exactly one case of a mail when it runs again, and never answers
    twice; an answer that was under way when it died is parked for a person."""
    folder = installation(tmp_path, mailbox, outbound)
    product = Product(folder)
    product.add_user("aino", "delivery")
    async with mail_sink(port=outbound_port) as customer:
        mailbox.deliver(finnish_complaint().as_bytes())
        await product.start(wait=False, environment={"COMPLAINT_ROUTER_FAILPOINT": failpoint})
        assert await product.wait_dead() < 0
        await product.start()
        [case] = await product.cases(user="aino")
        if failpoint != "reply.before_send:1":
            await customer.wait_for(1)
        seen = await product.api("GET", f"/cases/{case['id']}", user="aino")
        assert await product.stop() == 0
    assert len(customer.mails) == (0 if failpoint == "reply.before_send:1" else 1)
    received = [entry for entry in seen["conversation"] if entry["direction"] == "in"]
    assert [entry["copies"] for entry in received] == [[]]
    if failpoint == "reply.before_send:1":
        assert [e["delivery"] for e in seen["conversation"] if e["direction"] == "out"] == ["parked"]
