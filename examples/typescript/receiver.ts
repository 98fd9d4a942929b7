// A receiver: takes a request only if its signature verifies, and handles each event once. It needs Node 20 or later.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

const { HOOKSTEP_SIGNING_SECRET, PORT = "8080" } = process.env;
if (!HOOKSTEP_SIGNING_SECRET) throw new Error("HOOKSTEP_SIGNING_SECRET must be set to whsec_…");
const webhook = new Webhook(HOOKSTEP_SIGNING_SECRET);
// A real receiver keeps the ids of handled events in its database, with what it made of the event.
const handled = new Set<string>();

const server = createServer(async (request, response) => {
  // The signature is over the body as it came, so it is verified before it is parsed.
  const body = await read(request);
  const headers = request.headers as Record<string, string>;
  try {
    webhook.verify(body, headers, { jsonParse: false });
  } catch (error) {
    console.log(`refused: ${error instanceof Error ? error.message : error}`);
    response.writeHead(401).end();
    return;
  }
  const id = headers["webhook-id"]!;
  console.log(handled.has(id) ? `received ${id} again` : `received ${id}: ${body}`);
  handled.add(id);
  response.writeHead(204).end();
});

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

server.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
