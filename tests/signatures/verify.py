"""Verifies a webhook with the library of Standard Webhooks.

The arguments are the values of webhook-id, webhook-timestamp and webhook-signature, and the secret; the body
is read from standard input. The library accepts only UTF-8 bodies.
"""

import sys

from standardwebhooks.webhooks import Webhook

webhook_id, timestamp, signature, secret = sys.argv[1:]
headers = {"webhook-id": webhook_id, "webhook-timestamp": timestamp, "webhook-signature": signature}
Webhook(secret).verify(sys.stdin.buffer.read(), headers, json_parse=False)
