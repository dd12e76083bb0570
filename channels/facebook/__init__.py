# SPDX-License-Identifier: Apache-2.0
"""Facebook: Messenger conversations, and what people write to and about a Page."""
