# SPDX-License-Identifier: Apache-2.0
"""Matrix: messages of the rooms we are in."""
