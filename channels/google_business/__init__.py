# SPDX-License-Identifier: Apache-2.0
"""Google Business Profile: reviews of our places, and questions asked about them."""
