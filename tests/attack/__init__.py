# SPDX-License-Identifier: Apache-2.0
"""Hostile messages, read by real limited children: docs/reference/attack-catalogue.md says what covers which row."""
