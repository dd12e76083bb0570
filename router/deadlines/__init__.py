# SPDX-License-Identifier: Apache-2.0
"""By when: calendars with their hours, the clocks that run on a case, and the loop that raises their alarms."""
