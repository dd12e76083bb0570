# SPDX-License-Identifier: Apache-2.0
"""WhatsApp: calls of the Cloud API, and of providers that pass its messages on, as messages."""
