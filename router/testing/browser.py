# SPDX-License-Identifier: Apache-2.0
"""What a test does to a page in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Page

__all__ = ["press"]


async def press(page: Page, key: str) -> None:
    """Press a key once the page listens: its words are there before its script is, as on a slow line."""
    await page.locator("html[data-keys=on]").wait_for(state="attached")
    await page.keyboard.press(key)
