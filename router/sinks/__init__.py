# SPDX-License-Identifier: Apache-2.0
"""Places a queue can be forwarded to."""
