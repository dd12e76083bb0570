# SPDX-License-Identifier: Apache-2.0
"""What people do with answers: write, approve, change, take back, send again. The outbox does the sending."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from router.errors import Conflict, Forbidden, UserInputError
from router.interfaces import Capabilities, Channel, Clock, Store
from router.measure import measure
from router.records import Entry, OutboxRow
from router.replies.compose import compose, is_reachable, recipient
from router.schema import Case, InboundMessage, Visibility

__all__ = ["MailRoute", "ReplyService"]


@dataclass(frozen=True)
class MailRoute:
    """How replies of an account are addressed: domain of Message-IDs, pattern of keyed addresses, another account."""

    mail_domain: str = ""
    reply_pattern: str = ""
    via: tuple[str, str] | None = None


class ReplyService:
    """Puts replies into the outbox. Public ones, and those a rule holds, wait for a second person."""

    def __init__(
        self,
        store: Store,
        *,
        channels: Mapping[str, Channel],
        mail: Mapping[str, MailRoute],
        key: bytes,
        clock: Clock,
        queued: Callable[[], None],
    ) -> None:
        """``channels`` and ``mail`` are keyed ``kind:account``; ``queued`` wakes the sender."""
        self._store = store
        self._channels = channels
        self._mail = mail
        self._key = key
        self._clock = clock
        self._queued = queued

    def capabilities(self, case: Case) -> Capabilities:
        """What an answer to this case may be; no audience at all where nothing can send it."""
        route = self._route(case.channel, case.account)
        channel = self._channels.get(":".join(route.via or (case.channel, case.account)))
        reachable = is_reachable(case.sender, mail_domain=route.mail_domain)
        return channel.capabilities if channel is not None and reachable else Capabilities(reply=())

    def _route(self, channel: str, account: str) -> MailRoute:
        return self._mail.get(f"{channel}:{account}", MailRoute())

    async def submit(
        self,
        case_id: str,
        *,
        text: str,
        actor: str,
        visibility: Visibility | None = None,
        once: str = "",
        language: str = "",
    ) -> OutboxRow:
        """Queue an answer to the newest message of a case.

        Args:
            once: id that the same answer always has; queued a second time, it is a Conflict.
            language: of the text; left out: that of the case.

        Raises:
            UserInputError: The text is empty, too long for the channel, or the audience is not possible.
        """
        case = await self._store.case(case_id)
        entries = await self._store.conversation(case_id)
        message = self._answered(entries)
        audience = visibility or message.visibility
        self._check(case, message, text, audience)
        reply = compose(
            outbox_id=once or uuid.uuid4().hex,
            case=case,
            message=message,
            text=text.strip(),
            language=language,
            author=actor,
            key=self._key,
            visibility=audience,
            **vars(self._route(message.channel, message.account)),
        )
        held = audience == "public" or any(entry.decision and entry.decision.hold_reply for entry in entries)
        now = self._clock.now()
        row = OutboxRow(
            id=reply.id,
            kind="reply",
            state="awaiting_approval" if held else "pending",
            case_id=case.id,
            team=case.team,
            target=f"{reply.channel}:{reply.account}",
            reply=reply,
            next_at=now,
            created_at=now,
            created_by=actor,
        )
        await self._store.enqueue(row, actor=actor)
        self._queued()
        return row

    @staticmethod
    def _answered(entries: list[Entry]) -> InboundMessage:
        """The newest message of the customer: verified ones first, so that a stranger is not written to."""
        received = [
            (entry.verified, entry.at, number, entry.message)
            for number, entry in enumerate(entries)
            if entry.message is not None and entry.message.event != "delete"
        ]
        if not received:
            raise UserInputError("there is no message to answer", status=409)
        return max(received, key=lambda one: one[:3])[3]

    def _check(self, case: Case, message: InboundMessage, text: str, audience: Visibility) -> None:
        able = self.capabilities(case)
        if not text.strip():
            raise UserInputError("the reply is empty", fields={"text": "write something"})
        route = self._route(message.channel, message.account)
        if not is_reachable(recipient(message), mail_domain=route.mail_domain):
            sentence = "no mail address of the sender is known" if route.mail_domain else "the sender is not known"
            raise UserInputError(sentence, fields={"case": "no way to send"})
        if not able.reply:
            raise UserInputError("this case cannot be answered on its channel", fields={"case": "no way to send"})
        if audience not in able.reply:
            ways = ", ".join(able.reply)
            raise UserInputError(f"the channel cannot answer {audience}", fields={"visibility": f"possible: {ways}"})
        if audience == "public" and message.visibility != "public":
            raise UserInputError(
                "a private message is never answered in public", fields={"visibility": "keep it private"}
            )
        length, limit = measure(text.strip(), able.length_unit), able.limit(audience)
        if limit is not None and length > limit:
            unit = able.length_unit.replace("_", " ")
            raise UserInputError(
                f"{length} {unit}, and the channel takes {limit}", fields={"text": f"shorten by {length - limit}"}
            )

    async def approve(self, outbox_id: str, *, digest: str, actor: str) -> OutboxRow:
        """Let a waiting reply go: exactly the text with this digest, by somebody who did not write it."""
        row = await self._store.outbox_row(outbox_id)
        if row.created_by == actor:
            raise Forbidden("a second person approves; you wrote this one")
        if row.state != "awaiting_approval":
            raise Conflict(f"this reply is {row.state.replace('_', ' ')} already")
        return await self._decide(row, "pending", digest=digest, actor=actor)

    async def edit(self, outbox_id: str, *, text: str, actor: str, digest: str = "") -> OutboxRow:
        """Change a waiting draft; whoever changes it becomes its author, and approval starts over.

        Args:
            digest: Of the text that was seen: where somebody else changed it since, it is a Conflict. "": not asked.
        """
        row = await self._store.outbox_row(outbox_id)
        if row.reply is None or row.state != "awaiting_approval":
            raise Conflict("only a reply that waits for approval can be changed")
        case = await self._store.case(row.case_id)
        message = self._answered(await self._store.conversation(row.case_id))
        self._check(case, message, text, row.reply.visibility)
        reply = row.reply.model_copy(update={"text": text.strip(), "author": actor})
        return await self._store.decide_outbox(
            outbox_id, "awaiting_approval", digest=digest or row.reply.digest, actor=actor, reply=reply
        )

    async def withdraw(self, outbox_id: str, *, actor: str) -> OutboxRow:
        """Take back what has not been attempted, or give up what failed or was parked."""
        row = await self._store.outbox_row(outbox_id)
        return await self._decide(row, "withdrawn", actor=actor)

    async def retry(self, outbox_id: str, *, actor: str) -> OutboxRow:
        """Try a failed one again."""
        row = await self._store.outbox_row(outbox_id)
        if row.state != "failed":
            raise Conflict(f"only what failed is tried again; this one is {row.state.replace('_', ' ')}")
        return await self._decide(row, "pending", actor=actor)

    async def resolve_parked(self, outbox_id: str, *, was_sent: bool, actor: str) -> OutboxRow:
        """Say what became of a send whose outcome nobody knew: it arrived, or it is to be sent again."""
        row = await self._store.outbox_row(outbox_id)
        if row.state != "parked":
            raise Conflict(f"this one is {row.state.replace('_', ' ')}, not parked")
        return await self._decide(row, "sent" if was_sent else "pending", actor=actor)

    async def _decide(self, row: OutboxRow, state: str, *, actor: str, digest: str | None = None) -> OutboxRow:
        seen = digest if digest is not None else row.reply.digest if row.reply else ""
        after = await self._store.decide_outbox(row.id, state, digest=seen, actor=actor)  # type: ignore[arg-type]
        self._queued()
        return after
