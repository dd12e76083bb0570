# SPDX-License-Identifier: Apache-2.0
"""A made-up company whose customers complain in twelve languages, to look at the product without any account."""
