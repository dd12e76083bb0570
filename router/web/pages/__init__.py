# SPDX-License-Identifier: Apache-2.0
"""The pages that people use, one module a page."""
