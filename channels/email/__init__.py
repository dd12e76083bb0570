# SPDX-License-Identifier: Apache-2.0
"""Mail: IMAP, SMTP and files in, SMTP out."""
