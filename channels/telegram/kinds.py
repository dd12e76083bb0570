# SPDX-License-Identifier: Apache-2.0
"""Which fields of a Telegram message are what a person sent, and which only say what happened in a chat."""

from __future__ import annotations

import re

from channels.payload import JsonObject

__all__ = ["content_kinds", "unknown_kinds"]

# Bot API, Message: what every message has besides its content. A message with nothing else is empty.
_ENVELOPE = frozenset({
    "author_signature", "business_connection_id", "caption_entities", "chat", "date", "direct_messages_topic",
    "edit_date", "effect_id", "entities", "external_reply", "forward_date", "forward_from", "forward_from_chat",
    "forward_from_message_id", "forward_origin", "forward_sender_name", "forward_signature", "from",
    "has_media_spoiler", "has_protected_content", "is_automatic_forward", "is_from_offline", "is_paid_post",
    "is_topic_message", "link_preview_options", "media_group_id", "message_id", "message_thread_id",
    "paid_star_count", "quote", "reply_markup", "reply_to_checklist_task_id", "reply_to_message", "reply_to_story",
    "sender_boost_count", "sender_business_bot", "sender_chat", "sender_tag", "show_caption_above_media",
    "suggested_post_info", "via_bot",
})  # fmt: skip

# Content that a person sent.
_CONTENT = frozenset({
    "animation", "audio", "caption", "checklist", "contact", "dice", "document", "game", "invoice", "location",
    "paid_media", "photo", "poll", "sticker", "story", "text", "venue", "video", "video_note", "voice",
    "web_app_data",
})  # fmt: skip

# Service messages (somebody joined, a title changed, a call ended) that are not named by what happened.
_SERVICE = frozenset({
    "boost_added", "connected_website", "delete_chat_photo", "giveaway", "giveaway_winners", "gift",
    "left_chat_member", "left_chat_participant", "migrate_from_chat_id", "migrate_to_chat_id", "passport_data",
    "pinned_message", "proximity_alert_triggered", "refunded_payment", "successful_payment", "unique_gift",
    "write_access_allowed",
})  # fmt: skip
_HAPPENED = re.compile(r"^new_chat_|_(?:added|approved|changed|closed|completed|created|declined|deleted|done|edited"
                       r"|ended|failed|hidden|invited|left|paid|refunded|removed|reopened|scheduled|sent|set|shared"
                       r"|started|unhidden|updated)$")  # fmt: skip


def content_kinds(message: JsonObject) -> list[str]:
    """The fields with content, known and unknown; none for a service message."""
    known = _CONTENT & message.keys()
    return sorted(known) or unknown_kinds(message)


def unknown_kinds(message: JsonObject) -> list[str]:
    """Fields younger than this version that hold something; what tells what happened is named by a participle."""
    unknown = message.keys() - _ENVELOPE - _CONTENT - _SERVICE
    return sorted(key for key in unknown if isinstance(message[key], dict | list) and not _HAPPENED.search(key))
