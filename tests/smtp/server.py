"""An SMTP server, which prints every mail that it takes as a line of JSON.

Arguments: the port, 0 for any; then, for a server that demands TLS and a password, the files of its certificate and key, the user
and the password. A mailbox whose name is `nobody` does not exist.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Mailboxes:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "text": message.get_content(),
        }
        print(json.dumps(mail), flush=True)
        return "250 OK"


def settings(certificate, key, user, password):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    expected = (user.encode(), password.encode())

    def authenticate(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == expected)

    # The connection is encrypted from its beginning, which aiosmtpd does not take for TLS.
    demands = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
    return tls, demands


async def serve(port, *secured):
    tls, demands = settings(*secured) if secured else (None, {})
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Mailboxes(), hostname="localhost", **demands), "127.0.0.1", port, ssl=tls
    )
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


asyncio.run(serve(int(sys.argv[1]), *sys.argv[2:]))
