#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Report one complaint as signed JSON: sh send_webhook.sh URL SECRET_FILE BODY_FILE
# The key is on the command line of openssl for a moment, where other users of this machine can see it.
set -eu
url=$1 secret_file=$2 body_file=$3
id=$(openssl rand -hex 16)
now=$(date +%s)
key=$(sed 's/^whsec_//' "$secret_file" | base64 -d | od -An -tx1 | tr -d ' \n')
signature=$({ printf '%s.%s.' "$id" "$now"; cat "$body_file"; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64 -w 0)
# --retry repeats the same request on 408, 429 and 5xx; the timestamp is good for five minutes.
curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused --max-time 60 \
  -H 'Content-Type: application/json' \
  -H "webhook-id: $id" -H "webhook-timestamp: $now" -H "webhook-signature: v1,$signature" \
  --data-binary "@$body_file" "$url"
