# SPDX-License-Identifier: Apache-2.0
"""Slack: messages, slash commands and form answers of a workspace's people."""
