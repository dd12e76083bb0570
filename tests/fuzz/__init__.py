# SPDX-License-Identifier: Apache-2.0
"""Fuzzing, time-boxed and outside the test suite: ``make fuzz``."""
