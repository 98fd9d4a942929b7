/** Against the running host. */
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, openAsBlob, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";

import { Hookstep, HookstepError, INLINE_BODY_BYTES, RefusedError } from "hookstep";

import { baseUrl, ended, hookstep, NOBODY, only, reply, serve, token, webhook } from "./world.js";

/** For `assert.rejects`: a refusal of this kind. */
function refused(status: number, field?: string) {
  return (error: unknown) => {
    assert(error instanceof RefusedError && error instanceof HookstepError);
    assert.deepEqual([error.status, error.field], [status, field]);
    assert(error.title && error.detail && error.message.includes(error.detail), error.message);
    return true;
  };
}

test("an event is delivered as it was sent, and found again", async () => {
  const receiver = await serve(reply(200, "thanks"));
  const { config_id } = await webhook(receiver.url);
  const correlationId = randomUUID();
  const options = { contentType: "application/vnd.order+json", correlationId };
  const { event_id, status } = await hookstep.trigger(config_id, '{"price": 1.0, "für": "ä"}', options);
  assert.equal(status, "in_progress");
  const event = await ended(config_id, event_id);
  assert.equal(event.status, "succeeded");
  assert.equal(event.attempt_count, 1);
  const { headers, body } = only(receiver.seen);
  assert.equal(body.toString(), '{"price": 1.0, "für": "ä"}');
  assert.equal(headers["content-type"], "application/vnd.order+json");
  assert.equal(headers["webhook-id"], event_id);
  const query = { correlation_id: correlationId };
  const page = await hookstep.request("get", "/webhook/{config_id}/events", { params: { path: { config_id }, query } });
  assert.deepEqual(page.data.map((found) => found.event_id), [event_id]);
});

test("a link opens the portal once", async () => {
  const made = await hookstep.createPortalSession("acme", { role: "view", locale: "de", expires_in: 60 });
  assert.match(made.url, /\/portal#link=[0-9a-f]{64}$/);
  await assert.rejects(hookstep.createPortalSession("acme", { role: "view", expires_in: 1 }), refused(400, "expires_in"));
});

test("an event is published to those who subscribe to its type, once", async () => {
  const receiver = await serve(reply(200));
  const { config_id } = await webhook(receiver.url, { event_types: ["order.*"] });
  const options = { idempotencyKey: randomUUID(), correlationId: "order 7" };
  const published = await hookstep.publish("order.created", '{"reading": 1.0}', options);
  assert.deepEqual(await hookstep.publish("order.created", '{"reading": 1.0}', options), published);
  const { event_id } = published.deliveries.find((delivery) => delivery.config_id === config_id)!;
  assert.equal((await ended(config_id, event_id)).correlation_id, "order 7");
  assert.equal(only(receiver.seen).body.toString(), '{"reading": 1.0}');
  await assert.rejects(hookstep.publish("order.*", "{}"), refused(400, "event_type"));
  await assert.rejects(hookstep.publish("order.created", '1, "more": 2'), SyntaxError);
});

test("an event waits for the time that its trigger names", async () => {
  const receiver = await serve(reply(200));
  const { config_id } = await webhook(receiver.url);
  const inAnHour = new Date(Date.now() + 3_600_000);
  const { event_id, status } = await hookstep.trigger(config_id, "later", { deliverAt: inAnHour });
  assert.equal(status, "scheduled");
  const delayed = await hookstep.trigger(config_id, "soon", { delaySeconds: 1 });
  assert.equal((await ended(config_id, delayed.event_id)).status, "succeeded");
  assert.equal(only(receiver.seen).body.toString(), "soon");
  const path = { config_id, event_id };
  const event = await hookstep.request("get", "/webhook/{config_id}/events/{event_id}", { params: { path } });
  assert.deepEqual([event.status, event.deliver_at], ["scheduled", inAnHour.toISOString()]);
  await assert.rejects(hookstep.trigger(config_id, "never", { sync: true, delaySeconds: 1 }), refused(400, "sync"));
});

test("a sync trigger tells what the receiver said", async () => {
  const receiver = await serve(reply(200, "thanks"), reply(418, "a teapot"));
  const { config_id } = await webhook(receiver.url);
  const good = await hookstep.trigger(config_id, "ping", { sync: true });
  assert(good.status !== "in_progress");
  assert.deepEqual([good.status, good.status_code, good.body], ["succeeded", 200, "thanks"]);
  const bad = await hookstep.trigger(config_id, "ping", { sync: true });
  assert(bad.status !== "in_progress");
  assert.deepEqual([bad.status, bad.outcome, bad.status_code, bad.body], ["failed", "failed_http", 418, "a teapot"]);
});

test("a body that says no content type is sent without one of ours", async () => {
  const receiver = await serve(reply(200));
  const { config_id } = await webhook(receiver.url);
  await hookstep.trigger(config_id, "text", { sync: true });
  await hookstep.trigger(config_id, new Blob(["<a/>"], { type: "text/xml" }), { sync: true });
  const types = receiver.seen.map((request) => request.headers["content-type"]);
  assert.deepEqual(types, [undefined, "text/xml"]);
});

test("a body of 8 MB arrives to the byte, and can be read back", async () => {
  const receiver = await serve(reply(200));
  const { config_id } = await webhook(receiver.url);
  const body = randomBytes(8_000_000);
  const answer = await hookstep.trigger(config_id, body, { sync: true, contentType: "image/png" });
  assert.equal(answer.status, "succeeded");
  const seen = only(receiver.seen);
  assert(body.equals(seen.body));
  assert.equal(seen.headers["content-type"], "image/png");
  const asked = { params: { path: { config_id, event_id: answer.event_id } }, parseAs: "arrayBuffer" as const };
  const read = await hookstep.request("get", "/webhook/{config_id}/events/{event_id}/payload", asked);
  assert(body.equals(Buffer.from(read)));
});

test("a file is sent as it is read", async (t) => {
  const receiver = await serve(reply(200));
  const { config_id } = await webhook(receiver.url);
  const directory = mkdtempSync(join(tmpdir(), "hookstep-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const [file, content] = [join(directory, "body"), randomBytes(INLINE_BODY_BYTES + 1)];
  writeFileSync(file, content);
  await hookstep.trigger(config_id, (await openAsBlob(file)) as Blob, { sync: true });
  assert(content.equals(only(receiver.seen).body));
});

test("the same key is the same event, and the same upload the same body", async () => {
  const receiver = await serve(reply(200));
  const { config_id } = await webhook(receiver.url);
  const inline = { idempotencyKey: randomUUID() };
  const first = await hookstep.trigger(config_id, "one", inline);
  assert.equal((await hookstep.trigger(config_id, "one", inline)).event_id, first.event_id);
  await assert.rejects(hookstep.trigger(config_id, "two", inline), refused(409));
  const upload = await hookstep.upload(config_id, randomBytes(1000));
  const claimed = { idempotencyKey: randomUUID() };
  const second = await hookstep.trigger(config_id, upload, claimed);
  assert.equal((await hookstep.trigger(config_id, upload, claimed)).event_id, second.event_id);
  // Without a key of the caller's, the same body is another event.
  assert.notEqual((await hookstep.trigger(config_id, "one")).event_id, first.event_id);
});

test("an event that failed is sent again", async () => {
  const receiver = await serve(reply(500), reply(200));
  const { config_id } = await webhook(receiver.url);
  const { event_id } = await hookstep.trigger(config_id, "again");
  assert.equal((await ended(config_id, event_id)).status, "failed");
  const path = { config_id, event_id };
  const replay = await hookstep.request("post", "/webhook/{config_id}/events/{event_id}/replay", { params: { path } });
  assert.equal(replay.replay_of, event_id);
  assert.equal((await ended(config_id, replay.event_id)).status, "succeeded");
  const [first, second] = receiver.seen;
  assert.equal(second?.body.toString(), "again");
  assert.equal(second?.headers["webhook-id"], first?.headers["webhook-id"]);
});

test("what is deleted is gone, and a refusal says what is wrong", async () => {
  const receiver = await serve(reply(200));
  const { config_id } = await webhook(receiver.url);
  const stranger = new Hookstep({ baseUrl, token: "hookstep_nobody" });
  await assert.rejects(stranger.trigger(config_id, "ping"), refused(401));
  await assert.rejects(hookstep.trigger(NOBODY, "ping"), refused(404));
  await assert.rejects(hookstep.upload(NOBODY, "ping"), refused(404));
  const wrong = { name: "test", url: receiver.url, timeout_seconds: 841 };
  await assert.rejects(hookstep.request("post", "/webhook", { body: wrong }), refused(400, "timeout_seconds"));
  const one = { params: { path: { config_id } } };
  assert.equal(await hookstep.request("delete", "/webhook/{config_id}", one), undefined);
  await assert.rejects(hookstep.request("get", "/webhook/{config_id}", one), refused(404));
  assert.equal(receiver.seen.length, 0);
});

test("no way to print a client shows the token", () => {
  const ways = [inspect(hookstep, { depth: 9, showHidden: true }), String(hookstep), JSON.stringify(hookstep)];
  for (const text of ways) assert(!text.includes(token), text);
  assert(ways[0]?.includes(baseUrl));
  const bad = () => new Hookstep({ baseUrl, token: "secret\n" });
  assert.throws(bad, (error: Error) => error instanceof TypeError && !error.message.includes("secret"));
  assert.throws(() => new Hookstep({ baseUrl: "localhost:4700", token }), TypeError);
});

test("the example runs, and is what the README shows", async () => {
  const receiver = await serve(reply(200, "pong"));
  process.env.CONFIG_ID = (await webhook(receiver.url)).config_id;
  await import("../examples/quickstart.js");
  assert.deepEqual(receiver.seen.map(({ body }) => body.toString()).sort(), ["ping", '{"order":1042}']);
  const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  assert(text("README.md").includes(text("examples/quickstart.ts")));
});
