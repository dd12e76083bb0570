# SPDX-License-Identifier: Apache-2.0
"""Nothing outlives its test."""

from collections.abc import Iterator

import pytest

from router.testing.product import Product


@pytest.fixture(autouse=True)
def _no_product_left_running() -> Iterator[None]:
    """A test that failed half-way must not leave its product working beside the next ones."""
    yield
    Product.kill_all()
