/** The world of a test: a host that is there already, and servers of our own beside it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";
import { setTimeout } from "node:timers/promises";

import { Hookstep } from "hookstep";
import type { Schemas } from "hookstep";

const { HOOKSTEP_URL, HOOKSTEP_TOKEN } = process.env;
assert(HOOKSTEP_URL && HOOKSTEP_TOKEN, "HOOKSTEP_URL and HOOKSTEP_TOKEN say which host to test against");

export const baseUrl = HOOKSTEP_URL;
export const token = HOOKSTEP_TOKEN;

/** An admin of the host. */
export const hookstep = new Hookstep({ baseUrl, token });

/** A well-formed id that nothing has. */
export const NOBODY = "0190a000-0000-7000-8000-00000000000f";

/** A request as it came. */
export interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** How a request is answered. */
export type Reply = (response: ServerResponse, base: string) => unknown;

/** Answers with a status, headers and a body. */
export function reply(status: number, body = "", headers: Record<string, string> = {}): Reply {
  return (response) => response.writeHead(status, headers).end(body);
}

/** Breaks the connection off. */
export const broken: Reply = (response) => response.destroy();

/** A server on a free port, with what it was asked. It gives its replies in order, and the last one again and again. */
export async function serve(...replies: [Reply, ...Reply[]]): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const { method = "", headers } = request;
    const body = Buffer.concat(await request.toArray());
    seen.push({ method, url: request.url ?? "", headers, body });
    replies[Math.min(seen.length, replies.length) - 1]?.(response, url);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url, seen };
}

/** A new webhook that is tried once. */
export function webhook(url: string, fields: Partial<Schemas["ConfigFields"]> = {}): Promise<Schemas["Webhook"]> {
  const body = { name: "test", url, retry: { schedule_seconds: [] }, ...fields };
  return hookstep.request("post", "/webhook", { body });
}

/** The event once it has its final status. It cannot be read before its execution has begun. */
export async function ended(config_id: string, event_id: string): Promise<Schemas["Event"]> {
  const asked = { params: { path: { config_id }, query: { event_id } } };
  for (const end = Date.now() + 60_000; Date.now() < end; await setTimeout(20)) {
    const { data } = await hookstep.request("get", "/webhook/{config_id}/events", asked);
    if (data[0] && data[0].status !== "in_progress" && data[0].status !== "scheduled") return data[0];
  }
  assert.fail(`${event_id} has not ended`);
}

/** The only request that was seen. */
export function only(seen: Seen[]): Seen {
  assert.equal(seen.length, 1);
  return seen[0]!;
}
