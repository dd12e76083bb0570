# SPDX-License-Identifier: Apache-2.0
"""X: posts that mention an account and direct messages to it come in; answers go out where they were asked for."""
