import { exchange } from "./retry.js";

/** Longer than the 27 s of a sync trigger, and than the 30 s after which API Gateway answers in its place. */
const ANSWER_TIMEOUT_MS = 60_000;

/** What openapi-fetch calls in place of `fetch`: with the token, a time limit and retries, and refusals thrown. */
export async function send(request: Request, token: string, retries: number): Promise<Response> {
  const { method, url, headers, signal } = request;
  headers.set("authorization", `Bearer ${token}`);
  // Read once, so that every attempt sends it with a known length.
  const body = method === "GET" ? null : await request.arrayBuffer();
  // One more place for an upload is one that nobody uses.
  const harmless = method !== "POST" || headers.has("idempotency-key") || url.endsWith("/uploads");
  return exchange({ what: "Hookstep", retries, harmless, signal }, () => {
    return limited(signal, async (signal) => {
      const response = await fetch(url, { method, headers, body, signal });
      // An answer that breaks off is none. What is read can be large, and is the caller's to read as it comes.
      return method === "GET" || !response.ok ? response : whole(response);
    });
  });
}

/**
 * Gives an attempt a time limit beside the caller's signal. Not by `AbortSignal.any`: on Node 20 what it makes of a time limit
 * may be collected as garbage, and then never fires.
 */
async function limited<T>(signal: AbortSignal, attempt: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const late = () => controller.abort(new DOMException("no answer in time", "TimeoutError"));
  const timer = setTimeout(late, ANSWER_TIMEOUT_MS);
  const stop = () => controller.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await attempt(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

async function whole(response: Response): Promise<Response> {
  const { status, headers } = response;
  return new Response(status === 204 ? null : await response.arrayBuffer(), { status, headers });
}
