# SPDX-License-Identifier: Apache-2.0
"""A channel outside of the product: every .txt file in a folder is a complaint."""
