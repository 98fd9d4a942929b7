"""A receiver: takes a request only if its signature verifies, and handles each event once.

It needs Python 3.11 and `pip install standardwebhooks`.
"""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["HOOKSTEP_SIGNING_SECRET"])
# A real receiver keeps the ids of handled events in its database, with what it made of the event.
handled: set[str] = set()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        # Hookstep always sends the length. The signature is over these bytes, so they are verified before they are parsed.
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            webhook.verify(body, dict(self.headers), json_parse=False)
        except (WebhookVerificationError, ValueError) as error:  # ValueError: headers or a body that cannot be read at all
            print(f"refused: {error}", flush=True)
            self.send_response(401)
        else:
            self.handle_event(self.headers["webhook-id"], body)
            self.send_response(204)
        self.end_headers()

    def handle_event(self, event_id: str, body: bytes) -> None:
        if event_id in handled:
            print(f"received {event_id} again", flush=True)
        else:
            handled.add(event_id)
            print(f"received {event_id}: {body.decode()}", flush=True)

    def log_message(self, format: str, *args: object) -> None:
        """Prints nothing: the lines above say enough."""


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Receiver)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
