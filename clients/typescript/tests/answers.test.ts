/** Against servers whose answers are not Hookstep's. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Hookstep, UnexpectedResponseError, UnreachableError } from "hookstep";

import { NOBODY, reply, serve } from "./world.js";
import type { Reply } from "./world.js";

const json = { "content-type": "application/json" };
const client = (baseUrl: string) => new Hookstep({ baseUrl, token: "hookstep_secret", retries: 0 });

/** Says how long the answer is, and breaks off before its end. */
const cut: Reply = (response) => {
  response.writeHead(200, { ...json, "content-length": "1000" });
  response.write('{"data":', () => response.destroy());
};

const page = reply(200, "<!doctype html><title>Sign in</title>", { "content-type": "text/html" });
const half = reply(200, '{"event_id": "', json);
const nothing = reply(204);
const empty = reply(200, "", { "content-length": "0" });

test("an answer that is not Hookstep's is an error of its own", async () => {
  for (const [answer, status] of [[page, 200], [half, 200], [nothing, 204], [empty, 200]] as const) {
    const unexpected = (error: unknown) => error instanceof UnexpectedResponseError && error.status === status;
    const { url } = await serve(answer);
    await assert.rejects(client(url).trigger(NOBODY, "ping"), unexpected);
    await assert.rejects(client(url).trigger(NOBODY, "ping", { sync: true }), unexpected);
    await assert.rejects(client(url).upload(NOBODY, "ping"), unexpected);
    await assert.rejects(client(url).request("get", "/webhook"), unexpected);
    await assert.rejects(client(url).request("post", "/webhook", { body: { name: "n", url: "https://a.b/" } }), unexpected);
  }
});

test("JSON of somebody else is no event", async () => {
  for (const body of ["{}", "[]", "null", '"ok"']) {
    const { url } = await serve(reply(200, body, json));
    await assert.rejects(client(url).trigger(NOBODY, "ping"), UnexpectedResponseError, body);
  }
});

test("an answer that breaks off is none", async () => {
  const { url } = await serve(cut);
  await assert.rejects(client(url).request("get", "/webhook"), UnreachableError);
  await assert.rejects(client(url).trigger(NOBODY, "ping"), UnreachableError);
});

test("a deletion has no answer", async () => {
  const { url } = await serve(nothing);
  const path = { config_id: NOBODY };
  assert.equal(await client(url).request("delete", "/webhook/{config_id}", { params: { path } }), undefined);
});
