# SPDX-License-Identifier: Apache-2.0
"""What is read from every message after its channel's own reader, whatever the channel. Pure."""

from __future__ import annotations

from router.interfaces import ParseOptions
from router.parsing.entities.find import find_entities
from router.parsing.lookalike import suspicions
from router.schema import InboundMessage

__all__ = ["enriched"]


def enriched(message: InboundMessage, options: ParseOptions) -> InboundMessage:
    """The message with what is named in it, and with what in it may deceive. Its words stay as they are."""
    changes: dict[str, object] = {}
    if not (message.entities or message.flags.bounce or message.flags.receipt):
        entities = find_entities(
            message.subject,
            message.text,
            patterns=options.patterns,
            kinds=options.entity_kinds,
            language=message.language,
            country=options.country,
        )
        if entities:
            changes["entities"] = entities
    lookalike, notes = suspicions(message, options.own)
    if notes:
        changes["notes"] = tuple(dict.fromkeys((*message.notes, *notes)))
    if lookalike and not message.flags.own:
        changes["flags"] = message.flags.model_copy(update={"lookalike": True})
    return message.model_copy(update=changes) if changes else message
