# SPDX-License-Identifier: Apache-2.0
"""Telegram: messages to a bot come in by long polling or webhook, answers go out in the same chat."""
