/**
 * Requests to a hub that may fail: nothing waits forever, what may pass is tried again, and each failure ends as one line.
 */
import { codeOf, InputError } from "../errors.ts";
import { type Hub, type Purpose, refusedLine } from "./refusal.ts";

export interface Connection extends Hub {
  /** How long a server may be silent. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The hub cannot be had now (no answer, status 5xx, too many requests): what lies in the cache may do. Any other InputError is
 * its last word.
 */
export class HubUnavailable extends InputError {}

/** A failure that may pass. `waitMs`: what the server asks for. `cost`: of attempts in vain; silence has taken long already. */
class Passing extends Error {
  readonly waitMs: number | null;
  readonly cost: number;
  constructor(
    got: string,
    { waitMs = null, cost = 1 }: { readonly waitMs?: number | null; readonly cost?: number } = {},
  ) {
    super(got);
    this.waitMs = waitMs;
    this.cost = cost;
  }
}

/** Attempts in a row that bring nothing, and attempts at all. */
const [mostInVain, mostAttempts] = [4, 200];
/** Longer than this nobody waits for a server that asks for patience. */
const longestWaitMs = 60_000;

/** One attempt: the answer to a request, and how its body is read. */
export interface Answer {
  readonly response: Response;
  /** Gives the body to `take` piece by piece, each before the next is asked for. Throws where the server falls silent. */
  read(take: (bytes: Uint8Array) => Promise<void> | void): Promise<void>;
}

/**
 * Calls `use` with an answer of status 2xx or 416 (no such range), again while it fails by what may pass: no answer in time, a cut-off, status
 * 408, 429 and 5xx. `headers` are asked for anew each time; `use` throws `cutOff()` where a body ended too early. An attempt
 * that calls `gained` counts as progress. Throws HubUnavailable when that does not end, InputError for a refusal.
 */
export async function asked<T>(
  connection: Connection,
  url: string,
  purpose: Purpose,
  headers: () => Readonly<Record<string, string>>,
  use: (answer: Answer, gained: () => void) => Promise<T>,
): Promise<T> {
  let inVain = 0;
  for (let attempt = 1; ; attempt++) {
    let progress = false;
    try {
      return await attemptOnce(connection, url, purpose, headers(), (answer) =>
        use(answer, () => {
          progress = true;
        }),
      );
    } catch (error) {
      connection.signal?.throwIfAborted();
      if (!(error instanceof Passing)) throw error;
      inVain = progress ? 0 : inVain + error.cost;
      const wait = error.waitMs ?? firstWaitMs(connection) * (progress ? 1 : 2 ** (inVain - 1));
      if (wait > longestWaitMs) {
        throw new HubUnavailable(
          `${purpose.where}: expected an answer of ${connection.endpoint}, got ${error.message}. Try again in ${Math.ceil(wait / 1000)} s.`,
        );
      }
      if (inVain >= mostInVain || attempt >= mostAttempts) {
        throw new HubUnavailable(
          `${purpose.where}: expected an answer of ${connection.endpoint}, got ${error.message}, ${attempt} times. Try again later, or check the connection.`,
        );
      }
      await pause(wait, connection.signal);
    }
  }
}

/** Whoever waits less for an answer waits less between two, too. */
const firstWaitMs = ({ timeoutMs }: Connection) => Math.min(500, timeoutMs / 20);

/** A body that ended before it was whole; tried again. */
export function cutOff(got: string): Error {
  return new Passing(got);
}

async function attemptOnce<T>(
  connection: Connection,
  url: string,
  purpose: Purpose,
  headers: Readonly<Record<string, string>>,
  use: (answer: Answer) => Promise<T>,
): Promise<T> {
  const { endpoint, token, timeoutMs, signal } = connection;
  const controller = new AbortController();
  let late = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watched = async <R>(act: () => Promise<R>): Promise<R> => {
    timer = setTimeout(() => {
      late = true;
      controller.abort();
    }, timeoutMs);
    try {
      return await act();
    } catch (error) {
      throw late ? new Passing(`nothing for ${timeoutMs / 1000} s`, { cost: 2 }) : network(error, purpose, connection);
    } finally {
      clearTimeout(timer);
    }
  };
  const stop = () => controller.abort();
  signal?.throwIfAborted();
  signal?.addEventListener("abort", stop);
  try {
    // The standard has fetch drop this header where a redirect leads to another host.
    const isHub = new URL(url).origin === new URL(endpoint).origin;
    const sent = new Headers(headers);
    if (isHub && token !== null) sent.set("authorization", `Bearer ${token}`);
    const response = await watched(() => fetch(url, { headers: sent, signal: controller.signal, cache: "no-store" }));
    const { status } = response;
    if (!response.ok && status !== 416) {
      if (status === 408 || status === 429 || status >= 500) {
        throw new Passing(`status ${status}${meaning[status] ?? ""}`, { waitMs: retryAfter(response) });
      }
      throw new InputError(refusedLine(response, purpose, connection));
    }
    return await use({
      response,
      async read(take) {
        const reader = response.body?.getReader();
        while (reader !== undefined) {
          const { done, value } = await watched(() => reader.read());
          if (done) return;
          await take(value);
        }
      },
    });
  } finally {
    signal?.removeEventListener("abort", stop);
    controller.abort(); // what was not read is not waited for
  }
}

const meaning: Readonly<Record<number, string>> = { 429: " (too many requests)", 503: " (not available)" };

/** Failures that trying again at once does not mend: nobody there, no such host, a certificate that is not right. */
const lasting =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ERR_INVALID_URL|.*(?:CERT|SELF_SIGNED|SSL|TLS).*)$/;

/** Why a connection failed, from what the runtime says of it. */
function network(error: unknown, { where }: Purpose, { endpoint, names }: Hub): Error {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = codeOf(cause);
  const reason = cause instanceof Error ? cause.message || code : String(cause);
  if (lasting.test(code) || reason === "bad port") {
    return new HubUnavailable(
      `${where}: expected an answer of ${endpoint}, got none (${reason}). Check the connection and ${names.endpoint}.`,
    );
  }
  if (/redirect count/.test(reason)) {
    return new InputError(
      `${where}: expected a file, got redirects without end from ${endpoint}. Check ${names.endpoint}.`,
    );
  }
  return new Passing(`a connection that broke (${reason})`);
}

/** `Retry-After`, seconds or a date, in milliseconds. */
function retryAfter(response: Response): number | null {
  const text = response.headers.get("retry-after");
  if (text === null) return null;
  const ms = /^\d+$/.test(text.trim()) ? 1000 * Number(text) : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** Waits; rejects with its reason as soon as the signal is given. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
