import type { components } from "./openapi.js";

type Problem = components["schemas"]["Problem"];

/** How much of an answer that is no problem document is repeated, in characters. */
const DETAIL_CHARS = 200;

/** What can go wrong between a producer and Hookstep. What a receiver did is never an error: it is the event's status. */
export class HookstepError extends Error {
  override name = "HookstepError";
}

/** There was no answer, after all attempts. A trigger may have been accepted all the same: send it again with the same key. */
export class UnreachableError extends HookstepError {
  override name = "UnreachableError";
}

/**
 * There was an answer, and it is not one of Hookstep's: the page of a proxy, say, or JSON that was cut. A trigger may have been
 * accepted all the same: send it again with the same key.
 */
export class UnexpectedResponseError extends HookstepError {
  override name = "UnexpectedResponseError";
  /** Its status. */
  readonly status: number;

  constructor(status: number, options?: ErrorOptions) {
    super(`the answer with status ${status} cannot be read: is this the URL of a Hookstep?`, options);
    this.status = status;
  }
}

/** Hookstep said no. */
export class RefusedError extends HookstepError {
  override name = "RefusedError";
  /** 401 for a bad token, 404 for what is not there, 409 for a conflict, and so on. */
  readonly status: number;
  /** The name of the status. */
  readonly title: string;
  /** What is wrong, and what to do about it. */
  readonly detail: string;
  /** The field that is wrong, as a path into the body, or the name of a parameter. */
  readonly field: string | undefined;
  /** The event it is about, where one was accepted. */
  readonly eventId: string | undefined;

  constructor(problem: Omit<Problem, "type">) {
    const { status, title, detail, field, event_id } = problem;
    const where = field === undefined ? "" : `: ${field}`;
    const what = detail === "" ? "" : `: ${detail}`;
    super(`${status} ${title}${where}${what}${event_id === undefined ? "" : ` (event ${event_id})`}`);
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.field = field;
    this.eventId = event_id;
  }
}

/** Reads a refusal; one that a proxy or a gateway made is put in the same form. */
export async function refusal(response: Response): Promise<RefusedError> {
  const text = await response.text();
  const { status } = response;
  const title = response.statusText || "Error";
  const problem = response.headers.get("content-type")?.startsWith("application/problem+json") ? parsed(text) : undefined;
  return new RefusedError({ title, detail: text.trim().slice(0, DETAIL_CHARS), ...problem, status });
}

function parsed(text: string): Problem | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
