# SPDX-License-Identifier: Apache-2.0
"""What ``incidents update`` reads and shows: texts by language, and what would become of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from router.cli.common import stop

if TYPE_CHECKING:
    from router.config.loader import Configuration
    from router.incidents.preview import Preview
    from router.interfaces import Store

__all__ = ["preview_lines", "read_texts", "texts_and_preview"]

_WHAT = {
    "sent": "is sent",
    "held": "public: waits for approval",
    "too_long": "too long for the channel: gets none",
    "none": "cannot be answered on its channel",
}


def preview_lines(preview: Preview) -> Iterator[str]:
    """One line for each channel, language and what happens."""
    for (channel, language, what), count in sorted(preview.items()):
        yield f"{count:>6}  {channel:<12} {language:<4} {_WHAT[what]}"


def read_texts(text: str | None, file: Path | None) -> dict[str, str]:
    """Language to text; "" stands for the default language."""
    from router.config.document import read
    from router.errors import ConfigError

    texts = {"": text} if text else {}
    if file is not None:
        try:
            found = read(file, file.name).root.plain()
        except ConfigError as error:
            raise stop(str(error), code=2) from error
        if not isinstance(found, dict) or not all(isinstance(words, str) for words in found.values()):
            raise stop(f"{file}: must be lines of language and text, as 'fi: Korjaamme vikaa.'", code=2)
        texts |= {str(language): words for language, words in found.items()}
    if not texts:
        raise stop("give a text, or --file with one for each language", code=2)
    return texts


async def texts_and_preview(
    store: Store, configuration: Configuration, incident: str, texts: Mapping[str, str]
) -> tuple[dict[str, str], Preview]:
    """The texts as they are kept, and what sending them would do."""
    from router.accounts import mail_route
    from router.clock import SystemClock
    from router.core import installation_key
    from router.incidents.preview import checked_texts, preview_update
    from router.parts import make_channels
    from router.replies.service import ReplyService

    default = configuration.settings.default_language
    checked = checked_texts({language or default: words for language, words in texts.items()}, default_language=default)
    for language in checked:
        if language not in configuration.settings.languages:
            known = ", ".join(configuration.settings.languages)
            raise stop(f"there is no language '{language}' in router.yaml; known: {known}", code=2)
    key, clock = installation_key(configuration), SystemClock()
    known_channels = {f"{c.kind}:{c.account}": c for c in configuration.channels if c.enabled}
    mail = {name: mail_route(channel, known_channels) for name, channel in known_channels.items()}
    channels = make_channels(configuration, store=lambda: store, key=key, clock=clock)
    try:
        desk = ReplyService(store, channels=channels, mail=mail, key=key, clock=clock, queued=lambda: None)
        found = await store.incident(incident)
        return checked, await preview_update(store, desk.capabilities, found, checked, default_language=default)
    finally:
        for channel in channels.values():
            await channel.close()
