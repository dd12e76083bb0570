# SPDX-License-Identifier: Apache-2.0
"""LINE: messages to an official account, from one person, a group or a room."""
