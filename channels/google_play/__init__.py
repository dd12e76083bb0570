# SPDX-License-Identifier: Apache-2.0
"""Google Play: reviews of our apps."""
