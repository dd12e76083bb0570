# SPDX-License-Identifier: Apache-2.0
"""Instagram: direct messages, story replies and mentions, and comments under an account's media."""
