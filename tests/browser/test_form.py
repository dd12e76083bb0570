# SPDX-License-Identifier: Apache-2.0
"""The complaint form in a real browser: one script tag on another site's page, and without any JavaScript."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, FrameLocator, Page, expect

from router.testing.product import Product, make_installation
from router.testing.servers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.slow]

COMPLAINT = "Minulta on veloitettu lasku kahteen kertaan. Haluan rahani takaisin!"


@pytest.fixture
async def product(tmp_path: Path, shop_port: int) -> AsyncIterator[Product]:
    """The product with a form that one other site may show."""
    shop = f"http://127.0.0.1:{shop_port}"
    form = {"kind": "webform", "account": "site", "company": "Shop", "min_seconds": 0, "allowed_origins": [shop]}
    product = Product(make_installation(tmp_path / "config", channels=[form]))
    product.add_user("aino", "billing")
    async with product:
        yield product


@pytest.fixture
def shop_port() -> int:
    return free_port()


@pytest.fixture
async def shop(product: Product, shop_port: int) -> AsyncIterator[str]:
    """A page of another origin with the script tag, in Finnish."""
    tag = f'<script src="{product.url}/forms/site.js" defer></script>'
    head = '<meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">'
    html = f'<!doctype html><html lang="fi">{head}<h1>Yhteys</h1>{tag}<p>after</p></html>'

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", shop_port).start()
    yield f"http://127.0.0.1:{shop_port}/"
    await runner.cleanup()


def watch(page: Page) -> list[str]:
    """What the browser complains of."""
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    return problems


async def fill(form: Page | FrameLocator) -> str:
    """Fill the form and send it; the reference shown."""
    await form.locator("#text").fill(COMPLAINT)
    await form.locator("#name").fill("Anna Mäkelä")
    await form.locator("button").click()
    return await form.locator(".reference strong").inner_text()


async def test_script_tag_shows_the_form_on_the_site_that_may_have_it(
    chromium: Browser, product: Product, shop: str
) -> None:
    """In the page's language, high enough to need no scroll bar, the reference is shown; other sites get no form."""
    page = await (await chromium.new_context()).new_page()
    problems = watch(page)
    await page.goto(shop)
    form = page.frame_locator("iframe")
    await expect(form.locator("html")).to_have_attribute("lang", "fi")
    frame = page.locator("iframe")
    await expect(frame).not_to_have_css("height", "960px")  # it told its height
    inner = await form.locator("html").evaluate("e => [e.scrollHeight, window.innerHeight]")
    assert inner[0] <= inner[1]
    reference = await fill(form)
    [case] = await product.cases(user="aino")
    assert (case["id"], case["language"], case["sender"]["name"]) == (reference, "fi", "Anna Mäkelä")
    assert page.url == shop
    await form.locator("a[href*='lang=fi']").first.click()
    await expect(form.locator("#text")).to_have_value("")
    assert problems == []

    await page.goto(shop.replace("127.0.0.1", "localhost"))  # a site that the operator did not name
    await expect(page.locator("iframe")).to_have_count(1)
    await expect(page.frame_locator("iframe").locator("#text")).to_have_count(0)
    assert any("frame-ancestors" in text for text in problems)


async def test_form_works_without_javascript_and_sent_twice_is_one_case(chromium: Browser, product: Product) -> None:
    """The plain page keeps what was typed on a mistake, shows the reference, and a reload makes no second case."""
    context = await chromium.new_context(java_script_enabled=False, locale="fi-FI")
    page = await context.new_page()
    await page.goto(f"{product.url}/forms/site")
    await page.locator("#email").fill("anna@example")  # a browser takes it, we do not
    await page.locator("#text").fill(COMPLAINT)
    await page.locator("button").click()
    await expect(page.locator("#email-mistake")).to_be_visible()
    await expect(page.locator("#text")).to_have_value(COMPLAINT)
    await page.locator("#email").fill("anna@example.com")
    reference = await fill(page)
    await page.reload()  # sends the form again
    await expect(page.locator(".reference strong")).to_have_text(reference)
    [case] = await product.cases(user="aino")
    assert (case["id"], case["sender"]["address"]) == (reference, "anna@example.com")
