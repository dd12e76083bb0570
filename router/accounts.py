# SPDX-License-Identifier: Apache-2.0
"""What the core asks of a channel's settings, whatever its kind.

A ``Config`` may have any of these attributes; each is optional: ``own`` (our own addresses, handles or ids),
``token_domain`` (domain of reply addresses), ``reply_address`` (pattern with ``{token}``), ``trusted_authserv``,
``default_charset`` and ``reply_via`` ("kind:account" that answers for a channel that cannot).
"""

from __future__ import annotations

from router.config.models import ChannelSettings
from router.interfaces import ParseOptions
from router.replies.service import MailRoute

__all__ = ["mail_route", "parse_options"]


def parse_options(channel: ChannelSettings) -> ParseOptions:
    """What the channel's parser must know of the account."""
    settings = channel.settings
    return ParseOptions(
        own=tuple(getattr(settings, "own", ())),
        token_domain=getattr(settings, "token_domain", ""),
        trusted_authserv=tuple(getattr(settings, "trusted_authserv", ())),
        default_charset=getattr(settings, "default_charset", "utf-8"),
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
