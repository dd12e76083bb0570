# SPDX-License-Identifier: Apache-2.0
"""Who of a team gets a case: strategies, the order in which cases wait, and the loop that hands them out."""
