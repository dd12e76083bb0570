# SPDX-License-Identifier: Apache-2.0
"""What leaves by itself when a case opens: the acknowledgement to the customer and the copies to sinks. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from router.interfaces import Capabilities
from router.records import OutboxRow, SinkEvent
from router.replies.compose import compose, is_reachable, recipient
from router.replies.service import MailRoute
from router.replies.templates import Templates
from router.rules.explain import reasons
from router.schema import Case, Decision, InboundMessage

__all__ = ["Notices", "is_answerable"]

_SINK_TEXT_CHARS = 4000


def is_answerable(message: InboundMessage) -> bool:
    """Whether a machine may write back: never to machines, lists or ourselves (RFC 3834), never in public."""
    flags = message.flags
    machine = flags.auto_reply or flags.bounce or flags.receipt or flags.mailing_list or flags.own or flags.spam
    envelope_ok = not flags.sender_ambiguous and bool(recipient(message).key)
    return not machine and envelope_ok and message.visibility != "public" and message.event == "message"


class Notices:
    """Makes outbox rows; knows templates and addresses, sends nothing."""

    def __init__(
        self,
        *,
        company: str,
        public_url: str,
        templates: Callable[[], Templates],
        capabilities: Mapping[str, Capabilities],
        mail: Mapping[str, MailRoute],
        team_sinks: Mapping[str, Sequence[str]],
        key: bytes,
    ) -> None:
        """``capabilities`` and ``mail`` are keyed ``kind:account``, ``team_sinks`` by team."""
        self._company = company
        self._public_url = public_url
        self._templates = templates
        self._capabilities = capabilities
        self._mail = mail
        self._team_sinks = team_sinks
        self._key = key

    def for_new(self, case: Case, message: InboundMessage, decision: Decision, now: datetime) -> list[OutboxRow]:
        """Everything that leaves because this message opened this case."""
        rows = self.for_moved(case, message, decision, now)
        texts = (("answer", decision.answer), ("ask", decision.ask), ("acknowledgement", decision.acknowledge))
        for purpose, template in texts if is_answerable(message) else ():  # one text a message, the most telling
            if template:
                text = self._text(purpose, template, case, message, now)
                return [*rows, text] if text else rows
        return rows

    def for_joined(self, case: Case, message: InboundMessage, decision: Decision, now: datetime) -> list[OutboxRow]:
        """What leaves because this message came into a case that exists: the one question, if it was not asked yet."""
        if not decision.ask or not is_answerable(message):
            return []
        question = self._text("ask", decision.ask, case, message, now)
        return [question] if question else []

    def for_moved(self, case: Case, message: InboundMessage, decision: Decision, now: datetime) -> list[OutboxRow]:
        """What leaves because this message sent its case to another team: the copies to that team's sinks."""
        return [self._forward(sink, case, message, decision, now) for sink in self._sinks(case, decision)]

    def _sinks(self, case: Case, decision: Decision) -> list[str]:
        return list(dict.fromkeys((*decision.sinks, *self._team_sinks.get(case.team, ()))))

    def _text(
        self, purpose: str, template: str, case: Case, message: InboundMessage, now: datetime
    ) -> OutboxRow | None:
        """A text by the machine. All go by the rule of acknowledgements, one a day to an address, so that two
        machines cannot keep each other busy."""
        route = self._mail.get(f"{message.channel}:{message.account}", MailRoute())
        target = ":".join(route.via) if route.via else f"{message.channel}:{message.account}"
        able = self._capabilities.get(target, Capabilities(reply=()))
        if message.visibility not in able.reply or not is_reachable(recipient(message), mail_domain=route.mail_domain):
            return None
        words = self._templates().render(
            template, case.language, {"reference": case.id, "company": self._company, "name": case.sender.name}
        )
        reply = compose(
            outbox_id=_key(purpose, message.source_key),
            case=case,
            message=message,
            text=words.text,
            subject=words.subject,
            author="router",
            key=self._key,
            visibility=message.visibility,
            automatic=True,
            language=words.language,
            **vars(route),
        )
        return OutboxRow(
            id=reply.id, kind="acknowledgement", state="pending", case_id=case.id, team=case.team, target=target,
            reply=reply, next_at=now, created_at=now, created_by="router",
            once=f"ask:{case.id}" if purpose == "ask" else "",
        )  # fmt: skip

    def _forward(self, sink: str, case: Case, message: InboundMessage, decision: Decision, now: datetime) -> OutboxRow:
        event = SinkEvent(
            id=_key(f"sink:{sink}", message.source_key),
            sink=sink,
            case=case,
            text=message.words[:_SINK_TEXT_CHARS],
            reasons=tuple(f"{reason.path} {reason.wanted}" for reason in reasons(decision)),
            url=f"{self._public_url}/cases/{case.id}",
        )
        return OutboxRow(
            id=event.id, kind="sink", state="pending", case_id=case.id, team=case.team, target=sink,
            event=event, next_at=now, created_at=now, created_by="router",
        )  # fmt: skip


def _key(purpose: str, source_key: str) -> str:
    """The same event gives the same id, so that nothing leaves twice after a crash."""
    return hashlib.sha256(f"{purpose}\0{source_key}".encode()).hexdigest()[:32]
