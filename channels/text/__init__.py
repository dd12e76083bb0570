# SPDX-License-Identifier: Apache-2.0
"""Text as people write it: HTML to text, quoted history and signatures removed, splitting to a channel's limit."""

from channels.text.html import HtmlText, html_to_text, read_html, safe_html
from channels.text.reply import reply_text
from channels.text.split import split_text, utf16_length

__all__ = ["HtmlText", "html_to_text", "read_html", "reply_text", "safe_html", "split_text", "utf16_length"]
