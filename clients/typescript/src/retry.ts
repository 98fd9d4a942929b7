import { HookstepError, refusal, UnreachableError } from "./errors.js";

/** How often a request is sent again when nothing else is said. */
export const DEFAULT_RETRIES = 3;

/** The first pause is anything up to this; each further one up to twice as much. In milliseconds, as all that follow. */
const FIRST_PAUSE = 500;
/** The longest pause of our own. */
const MAX_PAUSE = 10_000;
/** The longest `Retry-After` that is waited for; a longer one is the caller's to wait for. */
const MAX_RETRY_AFTER = 60_000;

/** How a request may be sent again. */
export interface Retrying {
  /** Who is asked, for the message of an error. */
  what: string;
  /** How often at most. */
  retries: number;
  /** Whether nothing happens if it is taken twice: it reads, it sets what is to be, or it has an idempotency key. */
  harmless: boolean;
  /** The caller's way to give up. */
  signal?: AbortSignal | undefined;
}

/** Makes attempts while that may help, and answers what is not a refusal. */
export async function exchange(how: Retrying, attempt: () => Promise<Response>): Promise<Response> {
  for (let number = 0; ; number++) {
    const { wait, ...end } = await once(how, attempt, number);
    if (end.response !== undefined) return end.response;
    if (wait === undefined || number >= how.retries) throw end.error;
    await pause(wait, how.signal);
  }
}

interface End {
  response?: Response;
  error?: HookstepError;
  /** How long to wait before the next attempt, when there may be one. */
  wait?: number | undefined;
}

async function once(how: Retrying, attempt: () => Promise<Response>, number: number): Promise<End> {
  // Anywhere below: producers that failed together do not come back together.
  const own = Math.random() * Math.min(FIRST_PAUSE * 2 ** number, MAX_PAUSE);
  try {
    const response = await attempt();
    if (response.ok) return { response };
    const { status } = response;
    // Only a 429 says that it was not taken: API Gateway answers 503 when a function is late.
    const again = status === 429 || (status >= 500 && how.harmless);
    const asked = retryAfter(response);
    const wait = again && asked <= MAX_RETRY_AFTER ? Math.max(asked, own) : undefined;
    return { error: await refusal(response), wait };
  } catch (cause) {
    how.signal?.throwIfAborted();
    // fetch does not tell a request that never left from one that may have been taken.
    const error = new UnreachableError(`${how.what} cannot be reached`, { cause });
    return { error, wait: how.harmless ? own : undefined };
  }
}

/** The `Retry-After` of an answer, in either of its two forms. */
function retryAfter(response: Response): number {
  const text = response.headers.get("retry-after")?.trim();
  if (!text) return 0;
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(milliseconds) ? 0 : milliseconds;
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
