/** Against servers that fail first. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";

import { Hookstep, INLINE_BODY_BYTES, RefusedError, UnreachableError } from "hookstep";

import { broken, NOBODY, only, reply, serve } from "./world.js";
import type { Reply } from "./world.js";

const json = { "content-type": "application/json" };
const accepted = reply(202, JSON.stringify({ event_id: NOBODY, status: "in_progress" }), json);
const client = (baseUrl: string, retries?: number) => new Hookstep({ baseUrl, token: "hookstep_secret", retries });

/** Says how long the answer is, and breaks off before its end. */
const halfway: Reply = (response) => {
  response.writeHead(202, { ...json, "content-length": "1000" });
  response.write('{"event_id":', () => response.destroy());
};

test("a trigger that is sent again is the same event", async () => {
  const server = await serve(broken, halfway, reply(502, "<html>"), accepted);
  const { event_id } = await client(server.url).trigger(NOBODY, "ping", { contentType: "text/plain" });
  assert.equal(event_id, NOBODY);
  assert.equal(server.seen.length, 4);
  const keys = server.seen.map(({ headers }) => headers["idempotency-key"]);
  assert.match(String(keys[0]), /^[0-9a-f]{32}$/);
  assert.equal(new Set(keys).size, 1);
  for (const { headers, body } of server.seen) {
    assert.equal(body.toString(), "ping");
    assert.equal(headers["content-length"], "4");
    assert.equal(headers["content-type"], "text/plain");
    assert.equal(headers.authorization, "Bearer hookstep_secret");
  }
  // The next event has another key.
  await client(server.url).trigger(NOBODY, "ping", { idempotencyKey: undefined });
  const next = server.seen[4]?.headers["idempotency-key"];
  assert(next && next !== keys[0]);
});

test("Retry-After is waited for, in either form, but not for long", async () => {
  const server = await serve(reply(429, "", { "retry-after": "1" }), accepted);
  const start = performance.now();
  await client(server.url).trigger(NOBODY, "ping");
  assert(performance.now() - start >= 990);
  // More than two seconds from now, in whole seconds.
  const date = new Date(Date.now() + 3000).toUTCString();
  const soon = await serve(reply(503, "", { "retry-after": date }), accepted);
  await client(soon.url).trigger(NOBODY, "ping");
  assert(performance.now() - start >= 2990);
  const late = await serve(reply(429, "", { "retry-after": "61" }));
  const refused = (error: unknown) => error instanceof RefusedError && error.status === 429;
  await assert.rejects(client(late.url).trigger(NOBODY, "ping"), refused);
  only(late.seen);
});

test("it gives up", async () => {
  const server = await serve(broken);
  const unreachable = (error: unknown) => error instanceof UnreachableError && error.cause instanceof Error;
  await assert.rejects(client(server.url, 1).trigger(NOBODY, "ping"), unreachable);
  assert.equal(server.seen.length, 2);
  const gateway = await serve(reply(502, "<html>bad gateway</html>"));
  const refused = { name: "RefusedError", status: 502, title: "Bad Gateway", detail: "<html>bad gateway</html>" };
  await assert.rejects(client(gateway.url, 1).trigger(NOBODY, "ping"), refused);
  assert.equal(gateway.seen.length, 2);
});

test("what would be done twice is sent again only when it was not taken", async () => {
  const body = { name: "test", url: "https://example.com" };
  for (const failure of [broken, reply(500), reply(503), reply(504)]) {
    const server = await serve(failure, reply(201, "{}", json));
    await assert.rejects(client(server.url).request("post", "/webhook", { body }));
    only(server.seen);
  }
  const server = await serve(reply(429), reply(429), reply(201, "{}", json));
  await client(server.url).request("post", "/webhook", { body });
  assert.deepEqual(server.seen.map((request) => request.body.toString()), Array(3).fill(JSON.stringify(body)));
});

test("a refusal is not asked for again", async () => {
  for (const status of [400, 401, 403, 404, 409]) {
    const server = await serve(reply(status));
    await assert.rejects(client(server.url).trigger(NOBODY, "ping"), { status });
    only(server.seen);
  }
});

test("a large body is uploaded once, without the token", async () => {
  const upload: Reply = (response, base) => {
    const headers = { "content-length": "4000001", "if-none-match": "*" };
    response.writeHead(201, json).end(JSON.stringify({ upload_url: `${base}/bucket?signature=1`, headers, claim_check: "a/b c" }));
  };
  // The second PUT finds what the first one left.
  const server = await serve(broken, upload, reply(500), reply(412), broken, accepted);
  const body = randomBytes(INLINE_BODY_BYTES + 1);
  await client(server.url).trigger(NOBODY, body, { contentType: "image/png" });
  const trigger = `/webhook/${NOBODY}/trigger?claim_check=a%2Fb%20c`;
  const uploads = `/webhook/${NOBODY}/uploads`;
  const bucket = "/bucket?signature=1";
  assert.deepEqual(server.seen.map(({ url }) => url), [uploads, uploads, bucket, bucket, trigger, trigger]);
  assert.equal(server.seen[1]?.body.toString(), `{"size":${body.length}}`);
  const hash = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  for (const put of server.seen.slice(2, 4)) {
    assert.equal(put.method, "PUT");
    assert.equal(hash(put.body), hash(body));
    assert.equal(put.headers["content-length"], String(body.length));
    assert.equal(put.headers["if-none-match"], "*");
    assert.equal(put.headers["content-type"], undefined);
    assert.equal(put.headers.authorization, undefined);
  }
  for (const sent of server.seen.slice(4)) {
    assert.equal(sent.body.length, 0);
    assert.equal(sent.headers["content-type"], "image/png");
  }
});

test("a body that is refused as too large is uploaded", async () => {
  const upload: Reply = (response, base) => {
    response.writeHead(201, json).end(JSON.stringify({ upload_url: `${base}/bucket`, claim_check: "a" }));
  };
  const server = await serve(reply(413), upload, reply(200), accepted);
  await client(server.url).trigger(NOBODY, "ping");
  assert.equal(server.seen[2]?.body.toString(), "ping");
  assert.equal(server.seen[3]?.url, `/webhook/${NOBODY}/trigger?claim_check=a`);
});

test("the caller can give up, while an answer is awaited and in a pause", async () => {
  for (const answer of [() => undefined, reply(503, "", { "retry-after": "60" })]) {
    const controller = new AbortController();
    const reason = new Error("enough");
    const server = await serve((response, base) => {
      answer(response, base);
      setImmediate(() => controller.abort(reason));
    });
    const { signal } = controller;
    await assert.rejects(client(server.url).trigger(NOBODY, "ping", { signal }), reason);
    only(server.seen);
  }
});
