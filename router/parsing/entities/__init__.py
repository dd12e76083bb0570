# SPDX-License-Identifier: Apache-2.0
"""Things named in a message that are worth routing on: numbers of orders and invoices, amounts, dates, telephones."""

from router.parsing.entities.find import find_entities

__all__ = ["find_entities"]
