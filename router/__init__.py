# SPDX-License-Identifier: Apache-2.0
"""The core of complaint-router; knows no platform."""

__version__ = "0.1.0"
