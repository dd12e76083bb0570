# SPDX-License-Identifier: Apache-2.0
"""A phone call or a visit, written down by the member of staff who took it."""
