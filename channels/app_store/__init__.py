# SPDX-License-Identifier: Apache-2.0
"""App Store: reviews of our apps, from the public feed or App Store Connect."""
