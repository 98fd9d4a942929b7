/**
 * The largest body that goes with the trigger itself, in bytes; a larger one is uploaded first.
 *
 * A trigger takes 6 MB, but on AWS a body reaches its function inside a JSON event of at most 6 MB (Lambda's quota for an
 * invocation), in base64 unless it is text, which leaves 4.4 MB. 4,000,000 bytes stay under that, with room for the headers.
 * A text that grows beyond it by its escapes is refused with 413, and uploaded then.
 */
export const INLINE_BODY_BYTES = 4_000_000;

/** What stands for an upload in a trigger. */
export interface ClaimCheck {
  /** The `claim_check` that Hookstep answered. */
  readonly claimCheck: string;
}

/**
 * What is to be delivered, byte for byte: a text, sent as UTF-8, or bytes. A `Blob` is read while it is sent, so one that is
 * in a file (`openAsBlob` of `node:fs`) needs no memory however large it is.
 */
export type Body = string | Uint8Array | ArrayBuffer | Blob;

/** The same in a form that `fetch` adds no content type to. */
export type Bytes = Uint8Array<ArrayBuffer> | ArrayBuffer | Blob;

/** The bytes of a body, not copied. */
export function bytesOf(body: Body): Bytes {
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (body instanceof Blob) return body.slice(0, body.size, "");
  // Of shared memory, which others may write while it is sent, fetch says that it does not take it.
  return body as Bytes;
}

/** Their number. */
export function sizeOf(bytes: Bytes): number {
  return bytes instanceof Blob ? bytes.size : bytes.byteLength;
}
