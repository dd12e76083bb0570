# SPDX-License-Identifier: Apache-2.0
"""Reading what came from outside, in children that may die without harm."""
