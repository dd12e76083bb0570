# SPDX-License-Identifier: Apache-2.0
"""Tells a team about cases by e-mail: plain text, marked as automatic, the same Message-ID in every repeat."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Annotated, Literal

import aiosmtplib
from pydantic import Field, SecretStr, model_validator

from router.config.models import Secret
from router.errors import PermanentError, SendError, TransientError
from router.interfaces import Health
from router.records import SinkEvent
from router.schema import Frozen, Receipt

__all__ = ["Config", "EmailSink", "create", "render"]

# Stricter than RFC 5321: team addresses are chosen by the operator, so odd ones are mistakes.
Address = Annotated[str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$")]

_MAX_REASONS = 20
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a terminal would act on them


class Config(Frozen):
    """The team's address and the mail server that takes mail for it."""

    to: tuple[Address, ...] = Field(min_length=1, max_length=20)
    sender: Address
    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"  # none: only for a server on the same machine
    username: str | None = None
    password: Secret | None = None
    timeout_seconds: float = Field(default=30, gt=0)
    max_text_chars: int = Field(default=10_000, ge=0)

    @model_validator(mode="after")
    def _log_in_is_whole(self) -> Config:
        if (self.username is None) != (self.password is None):
            raise ValueError("give both 'username' and 'password', or neither")
        return self


class EmailSink:
    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self._config = config
        self._password: SecretStr | None = config.password.read() if config.password else None
        self._health = Health(ok=True, detail="nothing sent yet")

    async def forward(self, event: SinkEvent) -> Receipt:
        now = datetime.now(UTC)
        message = render(
            event, sender=self._config.sender, to=self._config.to, max_text_chars=self._config.max_text_chars
        )
        try:
            refused = await self._send(message)
        except SendError as error:
            self._health = Health(ok=False, detail=str(error), since=now)
            raise
        detail = f"{refused} of {len(self._config.to)} addresses refused" if refused else "accepted"
        self._health = Health(ok=not refused, detail=detail, since=now)
        return Receipt(native_id=str(message["Message-ID"]), sent_at=now, detail=detail)

    async def _send(self, message: EmailMessage) -> int:
        """Hand over to the server; the value counts recipients it refused while it took others.

        A connection lost after the text counts as transient: forwarding is at least once, and mail programs tell a
        repeat by its Message-ID. A wrong password too: it is put right by the operator, and nothing must get lost.
        """
        client = aiosmtplib.SMTP(
            hostname=self._config.host,
            port=self._config.port,
            username=self._config.username,
            password=self._password.get_secret_value() if self._password else None,
            timeout=self._config.timeout_seconds,
            use_tls=self._config.security == "tls",
            start_tls=self._config.security == "starttls",
        )
        try:
            await client.connect()
            refused, _ = await client.send_message(
                message, sender=self._config.sender, recipients=list(self._config.to)
            )
            with suppress(aiosmtplib.SMTPException):  # it is taken; how the line ends changes nothing
                await client.quit(timeout=2)
        except aiosmtplib.SMTPAuthenticationError as error:
            # from None: the server's words may repeat the log-in
            raise TransientError(f"sink {self.name}: log-in refused with {error.code}; check the password") from None
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise self._refusal([each.code for each in error.recipients]) from error
        except aiosmtplib.SMTPResponseException as error:
            raise self._refusal([error.code]) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise TransientError(f"sink {self.name}: no mail server ({type(error).__name__}: {error})") from error
        finally:
            client.close()  # not "async with client": aiosmtplib 5.1 waits for QUIT there, also when cancelled
        return len(refused)

    def _refusal(self, codes: list[int]) -> SendError:
        """RFC 5321 section 4.2.1: 5yz is for ever, everything else may pass."""
        told = ", ".join(map(str, sorted(set(codes))))
        if codes and all(500 <= code < 600 for code in codes):
            return PermanentError(f"sink {self.name}: the mail server refused with {told}")
        return TransientError(f"sink {self.name}: the mail server asks to come back, {told}")

    async def health(self) -> Health:
        """How the last attempt went."""
        return self._health

    async def close(self) -> None:
        """Nothing is held open."""


def render(event: SinkEvent, *, sender: str, to: tuple[str, ...], max_text_chars: int) -> EmailMessage:
    """The mail; the same event gives the same bytes. The headers hold only our own words, never the customer's."""
    case = event.case
    digest = hashlib.sha256(event.id.encode()).hexdigest()[:32]
    what = f"{case.type or ''} {case.kind}".strip()
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Subject"] = _one_line(f"[{case.id}] {case.urgency}: {what} for {case.team}/{case.queue}")
    message["Date"] = case.updated_at.astimezone(UTC)
    message["Message-ID"] = f"<case-{digest}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    lines = [
        f"Case {case.id}: {what}, {case.urgency}",
        f"Team {case.team}, queue {case.queue}; came by {case.channel}, language {case.language}",
        *([event.url] if event.url else []),
        "",
        *(f"- {_one_line(reason)[:500]}" for reason in event.reasons[:_MAX_REASONS]),
        *([""] if event.reasons else []),
        *(f"> {_CONTROL.sub('�', line)}" for line in event.text[:max_text_chars].splitlines()),
        *([f"> [cut at {max_text_chars} characters]"] if len(event.text) > max_text_chars else []),
    ]
    message.set_content("\n".join(lines) + "\n", charset="utf-8", cte="base64")
    return message


def _one_line(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()


create = EmailSink
