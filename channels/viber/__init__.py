# SPDX-License-Identifier: Apache-2.0
"""Viber: messages to a bot."""
