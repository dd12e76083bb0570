# SPDX-License-Identifier: Apache-2.0
"""Mastodon: posts that mention us, in public or for us alone."""
