# SPDX-License-Identifier: Apache-2.0
"""What the core asks of a channel's settings, whatever its kind.

A ``Config`` may have any of these attributes; each is optional: ``own`` (our own addresses, handles or ids),
``token_domain`` (domain of reply addresses), ``reply_address`` (pattern with ``{token}``), ``trusted_authserv``,
``default_charset`` and ``reply_via`` ("kind:account" that answers for a channel that cannot).
"""

from __future__ import annotations

from router.config.models import ChannelSettings, EntitySettings, Limits
from router.interfaces import ParseOptions
from router.replies.service import MailRoute

__all__ = ["any_options", "mail_route", "parse_options"]


def any_options(limits: Limits, entities: EntitySettings | None = None) -> ParseOptions:
    """What a parser must know of the installation, where the account is none of the configured ones."""
    wanted = entities or EntitySettings()
    return ParseOptions(
        max_text_chars=limits.max_text_chars,
        max_attachments=limits.max_attachments,
        limits=limits.read,
        patterns=wanted.pairs,
        entity_kinds=wanted.find,
        country=wanted.country,
    )


def parse_options(
    channel: ChannelSettings, limits: Limits | None = None, entities: EntitySettings | None = None
) -> ParseOptions:
    """What the channel's parser must know of the account and, where given, of the installation's limits."""
    settings = channel.settings
    return any_options(limits or Limits(), entities).model_copy(
        update={
            "own": tuple(getattr(settings, "own", ())),
            "token_domain": getattr(settings, "token_domain", ""),
            "trusted_authserv": tuple(getattr(settings, "trusted_authserv", ())),
            "default_charset": getattr(settings, "default_charset", "utf-8"),
        }
    )


def mail_route(channel: ChannelSettings, others: dict[str, ChannelSettings]) -> MailRoute:
    """How replies to this account's messages are addressed, through another account where it says so."""
    via = getattr(channel.settings, "reply_via", None)
    sender = others.get(via, channel) if via else channel
    return MailRoute(
        mail_domain=getattr(sender.settings, "token_domain", ""),
        reply_pattern=getattr(sender.settings, "reply_address", None) or "",
        via=(sender.kind, sender.account) if via else None,
    )
