/** The bytes of a file from the hub, wherever they go: gone on with where they were cut off, and never more than it lists. */
import { InputError, problem } from "../errors.ts";
import { asked, type Connection, cutOff } from "./connection.ts";
import type { Purpose } from "./refusal.ts";
import type { HubFile } from "./repository.ts";

export interface Receiver {
  /** Takes bytes to their position. Called in order; after a `restart` from 0 again. */
  write(bytes: Uint8Array, position: number): Promise<void> | void;
  restart(): Promise<void> | void;
}

export interface Request {
  readonly connection: Connection;
  /** `owner/name@revision:file` */
  readonly purpose: Purpose;
  readonly commit: string;
  readonly file: HubFile;
  /** Bytes that are there already. */
  readonly from: number;
}

/**
 * Fetches a file from byte `from` on. Returns whether it was put together of several answers. Throws InputError where the answer
 * is not the file that the hub lists, HubUnavailable where it does not come to its end.
 */
export async function receive(request: Request, receiver: Receiver): Promise<{ readonly pieced: boolean }> {
  const { connection, purpose, commit, file, from } = request;
  const url = addressOf(connection.endpoint, purpose.repository, commit, file.path);
  let at = from;
  let most = from;
  let pieced = false;
  const headers = (): Record<string, string> => ({
    "accept-encoding": "identity",
    ...(at > 0 && { range: `bytes=${at}-` }),
  });
  const restart = async () => {
    await receiver.restart();
    at = 0;
    pieced = false;
  };
  await asked(connection, url, purpose, headers, async ({ response, read }, gained) => {
    if (at > 0 && (response.status === 416 || isOtherPart(response, at, file))) {
      await restart();
      throw cutOff("no answer to what is missing");
    }
    checkAnswer(response, at, request);
    if (response.status !== 206 && at > 0) await restart();
    pieced ||= at > 0;
    await read(async (bytes) => {
      if (at + bytes.length > file.size) throw wrongLength(purpose, file, "more");
      await receiver.write(bytes, at);
      at += bytes.length;
      if (at > most) {
        most = at;
        gained();
      }
    });
    if (at < file.size) throw cutOff(`${at} of ${file.size} bytes`);
  });
  return { pieced };
}

/** Where a file of a commit lies. */
export function addressOf(endpoint: string, repository: string, commit: string, path: string): string {
  return `${endpoint}/${repository}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/** Throws InputError where an answer announces something else than the file from byte `at` on. */
function checkAnswer(response: Response, at: number, { connection, file, purpose }: Request): void {
  const { headers, status, type } = response;
  const { endpoint } = connection.names;
  const kind = headers.get("content-type") ?? "";
  if (/^text\/html\b/i.test(kind) && !/\.html?$/i.test(file.path)) {
    const remedy = `Check ${endpoint}, and that no login page or proxy answers in its place.`;
    throw new InputError(problem(purpose.where, "expected the file", `a page in HTML (status ${status})`, remedy));
  }
  if (status !== 200 && status !== 206) {
    throw new InputError(problem(purpose.where, "expected the file", `status ${status}`, `Check ${endpoint}.`));
  }
  if (isOtherPart(response, at, file)) {
    throw wrongLength(purpose, file, `a part (${headers.get("content-range") ?? "nothing said of which"})`);
  }
  const length = headers.get("content-length");
  // A browser does not show a page whether another site's bytes are packed.
  if (status === 206 || length === null || isPacked(response) || type === "cors") return;
  if (Number(length) !== file.size) throw wrongLength(purpose, file, length);
}

/** Whether an answer says that it is another part than the one from byte `at` on. A browser may hide what another site says. */
function isOtherPart(response: Response, at: number, { size }: HubFile): boolean {
  if (response.status !== 206 || isPacked(response)) return false;
  const range = response.headers.get("content-range");
  if (range === null) return response.type !== "cors";
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
  return Number(start) !== at || (total !== "*" && Number(total) !== size);
}

/** Lengths and positions of packed bytes are others. */
function isPacked({ headers }: Response): boolean {
  return (headers.get("content-encoding") ?? "identity") !== "identity";
}

const doubtful = "Try again later; the hub, or what lies between, does not send what it lists.";

function wrongLength({ where }: Purpose, { size }: HubFile, got: string): InputError {
  return new InputError(problem(where, `expected ${size} bytes`, got, doubtful));
}

/** For bytes whose hash is another than the hub lists. */
export function wrongHash({ where }: Purpose, { hash }: HubFile): InputError {
  const kind = hash.length === 40 ? "Git hash" : "SHA-256";
  return new InputError(problem(where, `expected bytes of ${kind} ${hash.slice(0, 12)}…`, "others", doubtful));
}

/** How the bytes of a file become its hash: the algorithm, and what is hashed before them. */
export function hashOf({ hash, size }: HubFile): { readonly algorithm: "sha1" | "sha256"; readonly prefix: string } {
  return hash.length === 40 ? { algorithm: "sha1", prefix: `blob ${size}\0` } : { algorithm: "sha256", prefix: "" };
}
