import createClient from "openapi-fetch";
import type { Client, FetchResponse, MaybeOptionalInit } from "openapi-fetch";
import type { HttpMethod, MediaType, PathsWithMethod } from "openapi-typescript-helpers";

import { bytesOf, INLINE_BODY_BYTES, sizeOf } from "./body.js";
import type { Body, Bytes, ClaimCheck } from "./body.js";
import { HookstepError, RefusedError, UnexpectedResponseError, UnreachableError } from "./errors.js";
import type { components, paths } from "./openapi.js";
import { DEFAULT_RETRIES, exchange } from "./retry.js";
import { send } from "./send.js";

type Schemas = components["schemas"];

/** How a delivery has ended: well or not, its status says. */
export type Ended = Omit<Schemas["Delivered"], "status"> & { status: Exclude<Schemas["Status"], "in_progress" | "scheduled"> };

/** The event is on its way. It is not to be sent again: read it to see how it ends. */
export type StillInProgress = Omit<Schemas["Accepted"], "status"> & { status: "in_progress" };

/** The event waits for the time that its trigger named. */
export type Scheduled = Omit<Schemas["Accepted"], "status"> & { status: "scheduled" };

/** Which Hookstep, and who asks. */
export interface HookstepOptions {
  /** `http://127.0.0.1:4700`, or the URL of an AWS deployment. */
  baseUrl: string;
  /** An API token. */
  token: string;
  /**
   * How often a request is sent again after a connection that failed, a 429 or a 5xx: three times unless it is said, after
   * random pauses of up to 0.5 s, 1 s, 2 s and so on to 10 s, or after the `Retry-After` of the answer when that is at most
   * 60 s. What would be done twice (creating a webhook, a replay) is sent again only after a 429.
   */
  retries?: number;
}

/** What can be said of an event beside its body. */
export interface TriggerOptions {
  /** Whether to wait for the receiver's answer, at most 27 s. */
  sync?: boolean;
  /** The `Content-Type` that the receiver sees; that of a `Blob`, unless it is said. */
  contentType?: string;
  /** Your own id for the event, to find it by: 1 to 255 visible ASCII characters. */
  correlationId?: string;
  /** The type of the event, which is kept with it. If the catalogue of the org has the type, the body is checked as it says. */
  eventType?: string;
  /**
   * A key of your own in place of a random one, to be used again by another process, say: for 24 hours, the same key with the
   * same body is the same event. Another upload is another body: see {@link Hookstep.upload}.
   */
  idempotencyKey?: string;
  /** Your trace (W3C Trace Context), passed on to the receiver. */
  traceparent?: string;
  /** When to send the event, at most 30 days ahead; at once if the time has passed. Excludes `delaySeconds` and `sync`. */
  deliverAt?: Date;
  /** How many seconds after its acceptance to send the event, at most 30 days. Excludes `deliverAt` and `sync`. */
  delaySeconds?: number;
  /** To give up. */
  signal?: AbortSignal;
}

/** What can be said of a published event beside its type and payload. */
export type PublishOptions = Omit<TriggerOptions, "sync" | "contentType" | "eventType">;

type Init<P extends keyof paths, M extends HttpMethod> = MaybeOptionalInit<paths[P], M & keyof paths[P]>;

/** What an operation answers when it does not refuse; `undefined` where that is a 204. */
export type Answer<P extends keyof paths, M extends HttpMethod, I> = Data<
  FetchResponse<paths[P][M & keyof paths[P]] & object, I, MediaType>
>;
type Data<R> = R extends { data: infer D } ? ([D] extends [never] ? undefined : D) : never;

/** Somebody with a token, at one Hookstep. The token is not shown, whichever way this is printed. */
export class Hookstep {
  /** Which Hookstep. */
  readonly baseUrl: string;
  readonly #api: Client<paths>;
  readonly #send: (request: Request) => Promise<Response>;
  readonly #retries: number;

  /** @throws TypeError for a URL or a token that cannot be one. */
  constructor({ baseUrl, token, retries = DEFAULT_RETRIES }: HookstepOptions) {
    if (!URL.canParse(baseUrl) || !/^https?:/i.test(baseUrl)) {
      throw new TypeError("baseUrl is not the http or https URL of a Hookstep");
    }
    // Checked here, for fetch would repeat it in its error.
    if (!/^[!-~]+$/.test(token)) throw new TypeError("the token holds what no HTTP header can carry");
    this.baseUrl = baseUrl.replace(/\/+$/, "");
    this.#retries = retries;
    this.#api = createClient<paths>({ baseUrl: this.baseUrl });
    // The token is nowhere but in here.
    this.#send = (request) => send(request, token, retries);
  }

  /**
   * Any operation of the API, as its OpenAPI document has it:
   * `request("get", "/webhook/{config_id}", { params: { path: { config_id } } })`.
   *
   * @throws {@link RefusedError}, {@link UnreachableError} and {@link UnexpectedResponseError}
   */
  async request<M extends HttpMethod, P extends PathsWithMethod<paths, M>, I extends Init<P, M>>(
    method: M,
    path: P,
    ...init: undefined extends Init<P, M> ? [I?] : [I]
  ): Promise<Answer<P, M, I>> {
    // Refusals are thrown by `send`. The types of a path and its parameters were checked above, and are too general here.
    const call = this.#api.request as (...all: unknown[]) => Promise<{ data?: unknown }>;
    const given: { parseAs?: string; signal?: AbortSignal | null | undefined } = init[0] ?? {};
    let status: number | undefined;
    const fetch = async (request: Request) => {
      const response = await this.#send(request);
      status = response.status;
      return response;
    };
    try {
      const { data } = await call(method, path, { ...given, fetch });
      // Only a deletion has nothing to answer.
      const isJson = given.parseAs === undefined || given.parseAs === "json";
      if (data === undefined && isJson && method !== "delete") throw new UnexpectedResponseError(status ?? 0);
      return data as Answer<P, M, I>;
    } catch (error) {
      if (error instanceof HookstepError || status === undefined) throw error;
      given.signal?.throwIfAborted();
      if (error instanceof SyntaxError) throw new UnexpectedResponseError(status, { cause: error });
      throw new UnreachableError("the answer of Hookstep broke off", { cause: error });
    }
  }

  /**
   * Sends an event to a webhook, with this body, byte for byte.
   *
   * It has an idempotency key, so that it is one event however often it has to be sent. A body above
   * {@link INLINE_BODY_BYTES} is uploaded first.
   *
   * @throws {@link RefusedError} with 401 or 403 for the token, 404 for the webhook, 409 for an idempotency key that was used
   * for something else. @throws {@link UnreachableError}
   */
  trigger(configId: string, body: Body | ClaimCheck, options: TriggerOptions & { sync: true }): Promise<Ended | StillInProgress>;
  trigger(configId: string, body: Body | ClaimCheck, options?: TriggerOptions & { sync?: false }): Promise<StillInProgress | Scheduled>;
  trigger(configId: string, body: Body | ClaimCheck, options?: TriggerOptions): Promise<Ended | StillInProgress | Scheduled>;
  async trigger(
    configId: string,
    body: Body | ClaimCheck,
    options: TriggerOptions = {},
  ): Promise<Ended | StillInProgress | Scheduled> {
    const keyed = { ...options, idempotencyKey: options.idempotencyKey ?? newKey() };
    if (body instanceof Blob && body.type !== "") keyed.contentType ??= body.type;
    if (isClaim(body)) return this.#trigger(configId, body, keyed);
    const bytes = bytesOf(body);
    if (sizeOf(bytes) <= INLINE_BODY_BYTES) {
      try {
        return await this.#trigger(configId, bytes, keyed);
      } catch (error) {
        if (!(error instanceof RefusedError && error.status === 413)) throw error;
      }
    }
    return this.#trigger(configId, await this.upload(configId, body, options), keyed);
  }

  /**
   * Uploads a body, to 5 GB, and answers what stands for it in a trigger.
   *
   * {@link trigger} does this by itself where it must. By hand, the same upload can be triggered again under the same
   * idempotency key: another upload is another body to Hookstep, even of the same bytes. It may take as long as it takes.
   *
   * @throws {@link RefusedError} and {@link UnreachableError}
   */
  async upload(configId: string, body: Body, { signal }: { signal?: AbortSignal } = {}): Promise<ClaimCheck> {
    const bytes = bytesOf(body);
    const asked = { params: { path: { config_id: configId } }, body: { size: sizeOf(bytes) }, signal };
    const place = await this.request("post", "/webhook/{config_id}/uploads", asked);
    // The URL has all the authority that is needed; the token stays here. The length comes with the body.
    const { "content-length": _, ...headers } = place.headers ?? {};
    const put = { method: "PUT", headers, body: bytes, signal };
    const how = { what: "the place of the upload", retries: this.#retries, harmless: true, signal };
    try {
      await exchange(how, () => fetch(place.upload_url, put));
    } catch (error) {
      // Written once: it was this upload whose answer was lost, since nobody else has its URL.
      if (!(error instanceof RefusedError && error.status === 412)) throw error;
    }
    return { claimCheck: place.claim_check };
  }

  /**
   * Publishes an event by its type: it goes to every enabled webhook of the org that subscribes. The payload is a JSON text, which
   * the receivers get byte for byte.
   *
   * It has an idempotency key, so that it is one event however often it has to be sent.
   *
   * @throws SyntaxError if the payload is not JSON. @throws {@link RefusedError} with 401 or 403 for the token, 400 for a type
   * that cannot be one, 409 for an idempotency key that was used for something else. @throws {@link UnreachableError}
   */
  async publish(eventType: string, payload: string, options: PublishOptions = {}): Promise<Schemas["Published"]> {
    // What is no JSON by itself could change the fields around it.
    JSON.parse(payload);
    const { correlationId, idempotencyKey = newKey(), traceparent, deliverAt, delaySeconds, signal } = options;
    const fields = JSON.stringify({
      event_type: eventType,
      correlation_id: correlationId,
      deliver_at: deliverAt?.toISOString(),
      delay_seconds: delaySeconds,
    });
    return this.request("post", "/events", {
      params: { header: { "Idempotency-Key": idempotencyKey, traceparent } },
      body: { event_type: eventType, payload: null },
      // Parsing the payload and writing it anew would change its numbers.
      bodySerializer: () => `${fields.slice(0, -1)},"payload":${payload}}`,
      signal,
    });
  }

  /**
   * Makes a link into the portal of an org, with a token of the platform or, with the scope `manage`, of that org. Give its `url` to
   * the browser of the person that it is for: it works once.
   *
   * @throws {@link RefusedError} with 401 or 403 for the token, 400 that names the field that is wrong, 404 for an org that there is not.
   * @throws {@link UnreachableError}
   */
  async createPortalSession(
    orgId: string,
    fields: Schemas["PortalSessionFields"],
    signal?: AbortSignal,
  ): Promise<Schemas["PortalSession"]> {
    return this.request("post", "/orgs/{org_id}/portal-sessions", { params: { path: { org_id: orgId } }, body: fields, signal });
  }

  async #trigger(
    configId: string,
    body: Bytes | ClaimCheck,
    options: TriggerOptions,
  ): Promise<Ended | StillInProgress | Scheduled> {
    const { sync, contentType, correlationId, eventType, idempotencyKey, traceparent, deliverAt, delaySeconds, signal } = options;
    const claim = isClaim(body) ? body.claimCheck : undefined;
    const header = { "Idempotency-Key": idempotencyKey, "X-Correlation-Id": correlationId, traceparent };
    const query = {
      sync,
      claim_check: claim,
      deliver_at: deliverAt?.toISOString(),
      delay_seconds: delaySeconds,
      event_type: eventType,
    };
    const answer = await this.request("post", "/webhook/{config_id}/trigger", {
      params: { path: { config_id: configId }, query, header },
      headers: { "content-type": contentType ?? null },
      body: claim === undefined ? body : undefined,
      bodySerializer: (bytes: unknown) => bytes,
      signal,
    });
    // JSON of somebody else is no event.
    if (typeof answer?.event_id !== "string") throw new UnexpectedResponseError(200);
    // A 202 says `in_progress` or `scheduled`, a 200 anything else.
    return answer as Ended | StillInProgress | Scheduled;
  }
}

function isClaim(body: Body | Bytes | ClaimCheck): body is ClaimCheck {
  return typeof body === "object" && "claimCheck" in body;
}

function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
