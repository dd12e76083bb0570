# SPDX-License-Identifier: Apache-2.0
"""Trustpilot: reviews of the company and its products, pushed or fetched."""
