/** Signatures, of real deliveries and of the specification; with other people's code beside ours. */
import assert from "node:assert/strict";
import { createPublicKey, randomBytes, verify as verifyByOpenSsl } from "node:crypto";
import { test } from "node:test";

import { VerificationError, verify } from "hookstep";
import { Webhook } from "standardwebhooks";

import { hookstep, only, reply, serve, webhook } from "./world.js";

/** The example of Standard Webhooks. */
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW = 1614265330;
const BODY = '{"test": 2432232314}';
const HEADERS = {
  "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "webhook-timestamp": String(NOW),
  "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};

/** For `assert.rejects`. */
const unverified = (message: RegExp) => (error: unknown) => {
  assert(error instanceof VerificationError, String(error));
  assert.match(error.message, message);
  return true;
};

test("a real delivery is verified with both keys, and by other libraries", async () => {
  const receiver = await serve(reply(200));
  const { config_id, signing_secret } = await webhook(receiver.url);
  assert(signing_secret);
  const body = '{"a": 1.0, "ü": "\\u00fc"}';
  const { event_id } = await hookstep.trigger(config_id, body, { sync: true });
  const asked = { params: { path: { config_id, event_id } } };
  const { org_id } = await hookstep.request("get", "/webhook/{config_id}/events/{event_id}", asked);
  const key = await hookstep.request("get", "/.well-known/webhook-public-key", { params: { query: { org_id } } });
  const seen = only(receiver.seen);
  for (const keys of [signing_secret, key.public_key, key.pem, [SECRET, key.pem]]) {
    await verify(seen.headers, seen.body, keys);
    await assert.rejects(verify(seen.headers, '{"a": 1, "ü": "\\u00fc"}', keys), unverified(/no signature matches/));
    const another = { ...seen.headers, "webhook-id": event_id.replace(/.$/, (last) => (last === "0" ? "1" : "0")) };
    await assert.rejects(verify(another, seen.body, keys), unverified(/no signature matches/));
  }
  await assert.rejects(verify(seen.headers, seen.body, SECRET), unverified(/no signature matches/));
  await assert.rejects(verify(seen.headers, seen.body, []), unverified(/nothing that these keys can check/));

  const headers = seen.headers as Record<string, string>;
  new Webhook(signing_secret).verify(seen.body, headers);
  const v1a = headers["webhook-signature"]?.split("v1a,")[1]?.split(" ")[0] ?? "";
  const message = Buffer.concat([Buffer.from(`${event_id}.${headers["webhook-timestamp"]}.`), seen.body]);
  assert(verifyByOpenSsl(null, message, createPublicKey(key.pem), Buffer.from(v1a, "base64")));
});

test("a real delivery of bytes that are not text is verified", async () => {
  const receiver = await serve(reply(200));
  const { config_id, signing_secret } = await webhook(receiver.url);
  await hookstep.trigger(config_id, randomBytes(1000), { sync: true });
  const seen = only(receiver.seen);
  await verify(new Headers(seen.headers as Record<string, string>), seen.body, signing_secret ?? "");
});

test("the example of the specification is accepted for five minutes", async () => {
  const at = (now: number) => verify(HEADERS, BODY, SECRET, { now });
  for (const now of [NOW, NOW - 300, NOW + 300.9]) await at(now);
  await assert.rejects(at(NOW + 301), unverified(/301 s old/));
  await assert.rejects(at(NOW - 301), unverified(/301 s in the future/));
  await assert.rejects(verify(HEADERS, BODY, SECRET), unverified(/s old/));
  await verify(HEADERS, BODY, SECRET, { now: NOW + 3600, toleranceSeconds: 3600 });
});

test("what other libraries sign is verified", async () => {
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const now = Math.floor(Date.now() / 1000);
  const signature = new Webhook(secret).sign("msg_1", new Date(now * 1000), BODY);
  // Whoever rotates has two; of unknown versions there may be any number.
  const signatures = `v2,abc v1,${randomBytes(32).toString("base64")} ${signature}`;
  const headers = { "Webhook-Id": "msg_1", "Webhook-Timestamp": String(now), "Webhook-Signature": signatures };
  await verify(headers, Buffer.from(BODY), [SECRET, secret]);
});

test("headers that are not as they came are refused", async () => {
  const wrong: [Record<string, string | string[] | undefined>, RegExp][] = [
    [{ "webhook-id": undefined }, /exactly one webhook-id/],
    [{ "webhook-signature": ["v1,a", "v1,b"] }, /exactly one webhook-signature/],
    [{ "webhook-id": "msg.1" }, /no proper webhook-id/],
    [{ "webhook-timestamp": `0${NOW}` }, /whole number/],
    [{ "webhook-timestamp": "" }, /whole number/],
    [{ "webhook-signature": "v2,abc" }, /nothing that these keys can check/],
    [{ "webhook-signature": "v1,not base64" }, /no signature matches/],
    [{ "webhook-signature": `${"v1,AAAA ".repeat(16)}${HEADERS["webhook-signature"]}` }, /no signature matches/],
  ];
  for (const [change, message] of wrong) {
    await assert.rejects(verify({ ...HEADERS, ...change }, BODY, SECRET, { now: NOW }), unverified(message));
  }
});

test("a key that is none is not repeated", async () => {
  const base64 = (bytes: number) => randomBytes(bytes).toString("base64");
  const pem = `-----BEGIN PUBLIC KEY-----\n${base64(44)}\n-----END PUBLIC KEY-----`;
  const keys = [SECRET.slice(6), `${SECRET} `, SECRET.slice(0, -1), `whsec_${base64(23)}`, `whsec_${base64(65)}`];
  for (const key of [...keys, `whpk_${base64(31)}`, "whpk_?", pem, pem.slice(1), "4711"]) {
    const told = (error: unknown) => error instanceof TypeError && !error.message.includes(key);
    await assert.rejects(verify(HEADERS, BODY, key, { now: NOW }), told);
  }
});
