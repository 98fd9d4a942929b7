import { createHmac, timingSafeEqual } from "node:crypto";

// Returns the body (a Buffer, exactly as received) if it was signed with the secret.
export function verify(secret, headers, body) {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures } = headers;
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300)) {
    throw new Error("sent too long ago, or a clock is wrong");
  }
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  const expected = Buffer.from(`v1,${mac}`);
  // While a secret is being replaced there are two signatures; one has to match.
  const matches = (one) => one.length === expected.length && timingSafeEqual(one, expected);
  if (!signatures.split(" ").some((one) => matches(Buffer.from(one)))) {
    throw new Error("not signed with this secret");
  }
  return body;
}
