// A page of a product that shows the portal of Hookstep. Needs Node 20 and nothing else:
//
//   hookstep serve --frame-origins http://localhost:3000
//   HOOKSTEP_TOKEN=hookstep_… node examples/portal/server.mjs
//
// The token is one of the platform, or one of the org with the scope `manage`. It stays in this process.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";

const { HOOKSTEP_URL = "http://127.0.0.1:4700", HOOKSTEP_TOKEN, ORG = "default", PORT = "3000" } = process.env;

// Here, everybody is the same customer. Ask your own session who it is, which org is theirs, and what they may do.
async function link() {
  const answer = await fetch(`${HOOKSTEP_URL}/orgs/${ORG}/portal-sessions`, {
    method: "POST",
    headers: { authorization: `Bearer ${HOOKSTEP_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ role: "replay", expires_in: 900, locale: "en", theme: { product_name: "Acme" } }),
  });
  if (!answer.ok) throw new Error(`Hookstep answers ${answer.status}: ${await answer.text()}`);
  const { url } = await answer.json();
  return { url };
}

createServer(async (request, response) => {
  try {
    if (request.url === "/hookstep-portal.js") {
      response.writeHead(302, { location: `${HOOKSTEP_URL}/portal/hookstep-portal.js` }).end();
    } else if (request.url === "/portal-link" && request.method === "POST") {
      response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" }).end(JSON.stringify(await link()));
    } else {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(await readFile(new URL("index.html", import.meta.url)));
    }
  } catch (error) {
    console.error(error.message);
    response.writeHead(502).end();
  }
}).listen(Number(PORT), "localhost", () => console.log(`http://localhost:${PORT}`));
