/** How far the clocks of the two sides may be apart, in seconds, as the libraries of Standard Webhooks have it. */
export const DEFAULT_TOLERANCE_SECONDS = 5 * 60;

/** How many signatures of the header are looked at: it is anybody's until one of them matches. */
const MAX_SIGNATURES = 16;

/** How long a secret may be, in bytes (Standard Webhooks). */
const SECRET_BYTES = { least: 24, most: 64 };

const PEM = /^\s*-----BEGIN PUBLIC KEY-----([\s\S]*)-----END PUBLIC KEY-----\s*$/;

/** A request is not genuine; the message says why, and what to look at. */
export class VerificationError extends Error {
  override name = "VerificationError";
}

/** The headers of a request: of `fetch`, or of `node:http`. */
export type ReceivedHeaders = Headers | Record<string, string | string[] | undefined>;

/** For those who have a clock of their own. */
export interface VerifyOptions {
  /** How old, or how far in the future, a request may be, in seconds. */
  toleranceSeconds?: number;
  /** In seconds since 1970. */
  now?: number;
}

/**
 * Believes a request when one of its signatures is by one of these keys, and it was sent in the last five minutes.
 *
 * `body` has to be the bytes as they came, not parsed and written again. A key is the `whsec_…` of the webhook and checks `v1`
 * (HMAC-SHA256), or the public key of the org, as `whpk_…` or as PEM, and checks `v1a` (Ed25519). Signatures are compared by
 * Web Crypto, in constant time. To see a request that comes again, remember its `webhook-id`.
 *
 * @throws {@link VerificationError} says what does not fit.
 * @throws TypeError for a key that is none.
 */
export async function verify(
  headers: ReceivedHeaders,
  body: string | Uint8Array | ArrayBuffer,
  keys: string | readonly string[],
  { toleranceSeconds = DEFAULT_TOLERANCE_SECONDS, now = Date.now() / 1000 }: VerifyOptions = {},
): Promise<void> {
  const id = one(headers, "webhook-id");
  const timestamp = one(headers, "webhook-timestamp");
  const signatures = one(headers, "webhook-signature");
  // With a full stop in it, an id could take over what is another message's timestamp.
  if (!/^[!-\-/-~]+$/.test(id)) throw new VerificationError("the request has no proper webhook-id; pass the header as it came");
  checkTime(timestamp, Math.floor(now), toleranceSeconds);
  const message = joined(`${id}.${timestamp}.`, body);
  const checks = await Promise.all([keys].flat().map(checkBy));
  let tried = false;
  for (const entry of signatures.split(" ").slice(0, MAX_SIGNATURES)) {
    const comma = entry.indexOf(",");
    const signature = decoded(entry.slice(comma + 1));
    for (const { version, algorithm, key } of checks) {
      if (entry.slice(0, comma) !== version) continue;
      tried = true;
      if (signature && (await crypto.subtle.verify(algorithm, key, signature, message))) return;
    }
  }
  throw new VerificationError(
    tried
      ? "no signature matches: pass the body byte for byte as it came, not parsed and written again, and the keys of this " +
        "very webhook"
      : "webhook-signature has nothing that these keys can check: a whsec_ secret checks v1, a public key checks v1a",
  );
}

function one(headers: ReceivedHeaders, name: string): string {
  const values =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).flatMap(([key, value]) => (key.toLowerCase() === name ? value : undefined));
  const found = [values].flat().filter((value) => value != null);
  if (found[0] === undefined || found.length > 1) {
    throw new VerificationError(`the request has not exactly one ${name}; pass all headers as they came`);
  }
  return found[0];
}

function checkTime(timestamp: string, now: number, tolerance: number): void {
  // Only the spelling that is signed: not `+1`, not `01`.
  if (!/^(0|-?[1-9]\d*)$/.test(timestamp)) {
    throw new VerificationError("webhook-timestamp is not a whole number of seconds; pass the header as it came");
  }
  const age = now - Number(timestamp);
  if (age > tolerance) {
    throw new VerificationError(`the request is ${age} s old; if it was sent just now, set this machine's clock`);
  }
  if (-age > tolerance) {
    throw new VerificationError(`the request is from ${-age} s in the future; set this machine's clock`);
  }
}

interface Check {
  version: "v1" | "v1a";
  algorithm: "HMAC" | "Ed25519";
  key: CryptoKey;
}

async function checkBy(text: string): Promise<Check> {
  if (text.startsWith("whsec_")) {
    const secret = decoded(text.slice("whsec_".length));
    if (!secret || secret.length < SECRET_BYTES.least || secret.length > SECRET_BYTES.most) {
      throw new TypeError("a secret is whsec_ and the base64 of 24 to 64 bytes");
    }
    const hmac = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", secret, hmac, false, ["verify"]);
    return { version: "v1", algorithm: "HMAC", key };
  }
  const [format, bytes] = publicKey(text);
  try {
    const key = await crypto.subtle.importKey(format, bytes, "Ed25519", false, ["verify"]);
    return { version: "v1a", algorithm: "Ed25519", key };
  } catch (cause) {
    throw new TypeError("a key is a whsec_ secret, or an Ed25519 public key as whpk_ or as PEM", { cause });
  }
}

function publicKey(text: string): ["raw" | "spki", Uint8Array<ArrayBuffer>] {
  const none = new Uint8Array();
  if (text.startsWith("whpk_")) return ["raw", decoded(text.slice("whpk_".length)) ?? none];
  return ["spki", decoded(PEM.exec(text)?.[1]?.replace(/\s/g, "") ?? "") ?? none];
}

/** Standard base64 with padding, in its one spelling; `undefined` for anything else. */
function decoded(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const binary = atob(base64);
    return btoa(binary) === base64 ? Uint8Array.from(binary, (character) => character.charCodeAt(0)) : undefined;
  } catch {
    return undefined;
  }
}

function joined(head: string, body: string | Uint8Array | ArrayBuffer): Uint8Array<ArrayBuffer> {
  const encode = (text: string) => new TextEncoder().encode(text);
  const [first, rest] = [encode(head), typeof body === "string" ? encode(body) : new Uint8Array(body)];
  const message = new Uint8Array(first.length + rest.length);
  message.set(first);
  message.set(rest, first.length);
  return message;
}
