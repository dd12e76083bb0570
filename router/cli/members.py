# SPDX-License-Identifier: Apache-2.0
"""Teams without anybody in them, as far as the database beside the configuration tells; nothing is written to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from router.config.loader import Configuration
    from router.errors import Mistake
    from router.records import User

__all__ = ["unstaffed"]


def unstaffed(configuration: Configuration) -> list[Mistake]:
    """One warning that names the teams whose queues nobody works. None before anybody was added at all, where a
    manager reads every team, and where the users are in a database of a server, which ``check`` does not call."""
    import asyncio

    from router.config.document import read
    from router.errors import ConfigError, StoreError
    from router.store.stored import StoredMessages

    path = configuration.data_dir / "router.db"
    if configuration.settings.store.kind != "sqlite" or not path.is_file():
        return []

    async def users() -> list[User]:
        stored = StoredMessages(configuration.settings.store, data_dir=configuration.data_dir)
        try:
            return await stored.users()
        finally:
            await stored.close()

    try:
        found = [user for user in asyncio.run(users()) if not user.disabled and user.role != "admin"]
        document = read(configuration.folder / "teams.yaml", "teams.yaml")
    except (StoreError, ConfigError):  # an older database, or a file changed meanwhile: nothing can be said
        return []
    staffed = {team for user in found for team in user.teams}
    empty = [team.name for team in configuration.teams.teams if team.name not in staffed]
    if not found or not empty or any(user.role == "manager" for user in found):
        return []
    sentence = f"nobody is in {', '.join(empty)}: their queues are worked by nobody; complaint-router user add NAME"
    return [document.mistake(("teams",), f"{sentence} --team {empty[0]}", key=True)]
