# SPDX-License-Identifier: Apache-2.0
"""Speed, measured and not asserted: ``make bench``."""
