# SPDX-License-Identifier: Apache-2.0
"""From a page of the API to one self-contained document for each post or direct message; pure.

A post reads the same whether a poll or the stream brought it, so that the store sees one message and not two.
"""

from __future__ import annotations

import json

from channels.payload import JsonObject, objects, strings, values
from channels.x.wire import ident

__all__ = ["newer_than", "next_page", "single_documents"]


def single_documents(page: JsonObject, *, for_user: str) -> list[tuple[str, bytes]]:
    """Take a page apart, keeping of its ``includes`` what each item refers to.

    Returns:
        Id and bytes of each item, in the order of the page. The bytes are ASCII JSON with sorted keys;
        ``for_user_id`` says whose account they were fetched for. Items without an id are kept under "".
    """
    found = page.get("data")
    items = [found] if isinstance(found, dict) else found if isinstance(found, list) else []
    includes = values(page, "includes")
    documents = []
    for item in items:
        fields = item if isinstance(item, dict) else {}
        document = {"data": item, "for_user_id": for_user, "includes": _needed(fields, includes)}
        documents.append((ident(fields), json.dumps(document, sort_keys=True, separators=(",", ":")).encode()))
    return documents


def newer_than(native_id: str, cursor: str | None) -> bool:
    """Whether an id is above the cursor; ids are decimal numbers that grow with time."""
    if cursor is None or not (native_id.isdecimal() and cursor.isdecimal()):
        return True
    return int(native_id) > int(cursor)


def next_page(page: JsonObject) -> str | None:
    """The token of the page of older items, if there is one."""
    token = values(page, "meta").get("next_token")
    return token if isinstance(token, str) and token else None


def _needed(item: JsonObject, includes: JsonObject) -> JsonObject:
    related = {ident(other) for other in objects(item, "referenced_tweets")}
    posts = [post for post in objects(includes, "tweets") if ident(post) in related]
    people = {ident(item, key) for key in ("author_id", "sender_id", "in_reply_to_user_id")}
    people |= {ident(mention) for mention in objects(values(item, "entities"), "mentions")}
    people |= {ident(post, "author_id") for post in posts} | set(strings(item, "participant_ids"))
    media = set(strings(values(item, "attachments"), "media_keys"))
    wanted = {
        "media": [file for file in objects(includes, "media") if file.get("media_key") in media],
        "tweets": posts,
        "users": [user for user in objects(includes, "users") if ident(user) in people],
    }
    return {kind: sorted(those, key=_order) for kind, those in wanted.items() if those}


def _order(thing: JsonObject) -> str:
    return ident(thing) or str(thing.get("media_key", ""))
