# SPDX-License-Identifier: Apache-2.0
"""What an operator may write for one form in ``channels.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from router.schema import LANGUAGES, Frozen

__all__ = ["Config"]


def _known_language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"no such language of the form; there are: {', '.join(LANGUAGES)}")
    return value


Origin = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$")]


class Config(Frozen):
    """Settings of one form. Answers cannot go back to a form: ``reply_via`` names the account that sends them."""

    company: str = Field(default="", max_length=200)  # shown above the form; empty: as in router.yaml
    language: Annotated[str, AfterValidator(_known_language)] = "en"  # when neither link nor browser names another
    allowed_origins: tuple[Origin, ...] = ()  # sites that may show the form inside their pages
    reply_via: str | None = Field(default=None, pattern=r"^[a-z0-9_-]+:[a-z0-9_-]+$")  # "email:support"
    privacy_url: str | None = Field(default=None, pattern=r"^https?://\S+$")
    max_text_chars: int = Field(default=20_000, ge=100, le=100_000)
    min_seconds: float = Field(default=2, ge=0)  # nobody fills the form faster; programs do
    per_address: int = Field(default=10, ge=1)  # complaints from one network address in ``per_minutes``
    per_minutes: float = Field(default=10, gt=0)
    client_address_header: str | None = None  # behind a proxy: "X-Forwarded-For"; its last entry is believed
    commit_seconds: float = Field(default=10, gt=0)  # how long the customer may wait for our commit
