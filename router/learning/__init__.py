# SPDX-License-Identifier: Apache-2.0
"""How an installation improves its own classifier: corrections, candidates, promotion, what to label next, drift."""
