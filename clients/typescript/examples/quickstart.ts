import { Hookstep, verify } from "hookstep";

const { HOOKSTEP_URL = "http://127.0.0.1:4700", HOOKSTEP_TOKEN = "", CONFIG_ID = "", SIGNING_SECRET = "" } = process.env;
const hookstep = new Hookstep({ baseUrl: HOOKSTEP_URL, token: HOOKSTEP_TOKEN });

// On its way: Hookstep delivers it, and again if need be.
const order = JSON.stringify({ order: 1042 });
const accepted = await hookstep.trigger(CONFIG_ID, order, { contentType: "application/json" });
console.log(accepted.event_id);

// The receiver's own answer, if it comes within 27 s.
const answer = await hookstep.trigger(CONFIG_ID, "ping", { sync: true });
console.log(answer.status === "in_progress" ? "not yet" : answer.body);

// Everything else the API can do, typed by its path.
const asked = { params: { path: { config_id: CONFIG_ID }, query: { limit: 10 } } };
const { data } = await hookstep.request("get", "/webhook/{config_id}/events", asked);
for (const event of data) console.log(event.event_id, event.status);

// The other side: throws unless it comes from Hookstep.
export async function receive(request: Request): Promise<unknown> {
  const body = await request.text();
  await verify(request.headers, body, SIGNING_SECRET);
  return JSON.parse(body);
}
