"""Verifies a webhook with the library of Standard Webhooks.

The values of webhook-id, webhook-timestamp and webhook-signature and the secret are the arguments, the body is the standard
input. The library takes only bodies that are UTF-8.
"""

import sys

from standardwebhooks.webhooks import Webhook

webhook_id, timestamp, signature, secret = sys.argv[1:]
headers = {"webhook-id": webhook_id, "webhook-timestamp": timestamp, "webhook-signature": signature}
Webhook(secret).verify(sys.stdin.buffer.read(), headers, json_parse=False)
