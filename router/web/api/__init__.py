# SPDX-License-Identifier: Apache-2.0
"""The JSON API: one table of operations drives both the routes and the OpenAPI document."""
