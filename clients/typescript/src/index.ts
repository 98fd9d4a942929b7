/** A client of Hookstep: triggers webhooks, reads what became of the events, and checks what arrives. */
import type { components } from "./openapi.js";

export { INLINE_BODY_BYTES } from "./body.js";
export type { Body, ClaimCheck } from "./body.js";
export { Hookstep } from "./client.js";
export type { Answer, Ended, HookstepOptions, PublishOptions, Scheduled, StillInProgress, TriggerOptions } from "./client.js";
export { HookstepError, RefusedError, UnexpectedResponseError, UnreachableError } from "./errors.js";
export type { components, operations, paths } from "./openapi.js";
export { DEFAULT_TOLERANCE_SECONDS, VerificationError, verify } from "./verify.js";
export type { ReceivedHeaders, VerifyOptions } from "./verify.js";

/** The types of the API by their names: `Schemas["Event"]`. */
export type Schemas = components["schemas"];
