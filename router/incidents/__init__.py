# SPDX-License-Identifier: Apache-2.0
"""Many complaints about one thing: found, gathered in one incident, and answered together."""
