# SPDX-License-Identifier: Apache-2.0
"""Channel adapters, one folder each; none imports another."""
