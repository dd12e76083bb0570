# SPDX-License-Identifier: Apache-2.0
"""A complaint form for any web site: one script tag or a plain link, without account, with or without JavaScript."""
