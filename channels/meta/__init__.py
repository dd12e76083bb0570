# SPDX-License-Identifier: Apache-2.0
"""What Messenger and Instagram share: one format of calls, by the same company; no channel of its own."""
