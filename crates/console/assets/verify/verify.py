import base64, hashlib, hmac, time

def verify(secret, headers, body):
    """Returns the body (bytes, exactly as received) if it was signed with the secret."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(timestamp)) > 300:
        raise ValueError("sent too long ago, or a clock is wrong")
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    # While a secret is being replaced there are two signatures; one has to match.
    if not any(hmac.compare_digest(expected.encode(), one.encode()) for one in headers["webhook-signature"].split()):
        raise ValueError("not signed with this secret")
    return body
