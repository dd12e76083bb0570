#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Report one complaint as signed JSON (Standard Webhooks), with the standard library only.

    python send_webhook.py URL SECRET_FILE BODY_FILE

URL is .../channels/webhook/<account>; SECRET_FILE holds the whsec_... secret; BODY_FILE is the JSON, of which only
"text" is required. Prints the answer, which holds the reference of the case. A refused or lost request is sent again
with the same webhook-id, by which the router knows that it is the same complaint.
"""

import base64
import hashlib
import hmac
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

ATTEMPTS = 6
TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}


def sign(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    """The value of webhook-signature: HMAC-SHA256 over "id.timestamp.body", keyed with the decoded secret."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def post(url: str, secret: str, webhook_id: str, body: bytes) -> str:
    """One attempt. The timestamp is new each time: it may be at most five minutes old."""
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign(secret, webhook_id, timestamp, body),
    }
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - your own address
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return answer.read().decode()


def main(url: str, secret_file: str, body_file: str) -> None:
    secret = Path(secret_file).read_text(encoding="ascii").strip()
    body = Path(body_file).read_bytes()
    webhook_id = str(uuid.uuid4())
    for attempt in range(1, ATTEMPTS + 1):
        try:
            sys.stdout.write(post(url, secret, webhook_id, body) + "\n")
        except urllib.error.HTTPError as error:
            if error.code not in TRY_AGAIN or attempt == ATTEMPTS:
                sys.exit(f"HTTP {error.code}: {error.read().decode(errors='replace')}")
        except OSError as error:  # no connection, or no answer: it may have been taken, and is sent again all the same
            if attempt == ATTEMPTS:
                sys.exit(f"no answer: {error}")
        else:
            return
        time.sleep(2**attempt)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
