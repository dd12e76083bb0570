# SPDX-License-Identifier: Apache-2.0
"""Twilio: text messages, WhatsApp and other chats by way of Twilio, and voice mail with its transcript."""
