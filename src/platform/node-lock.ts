/** One writer a folder: a file that says which process works there, and that outlives a killed one harmlessly. */
import { lstat, open, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { codeOf, InputError } from "../errors.ts";
import { parseJson } from "./json.ts";
import { fileProblem, makeFolders } from "./node-files.ts";

interface Holder {
  readonly process: number;
  readonly host: string;
  /** When the process started, as the system counts it; null where it does not say. Numbers of processes are used again. */
  readonly started: string | null;
}

/** A lock that was made a moment ago and is not written yet. */
const freshMs = 5_000;

/** A lock on another machine counts for this long after it was last renewed, where it is renewed at all. */
const renewedMs = 60_000;

/**
 * Takes the folder (made if need be) for this process; the result gives it back. A lock whose process has ended is taken over.
 * Throws InputError that names the holder where there is one.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = `${folder}/.lock`;
  const taken = await takeLock(path, { renewed: false });
  if (typeof taken === "function") return taken;
  throw new InputError(
    `${folder}: expected a folder that nobody else trains in, got one in which ${taken.who} does. Wait for its end, or choose another --out; if it has ended, remove ${path}.`,
  );
}

/**
 * Takes a lock, a file of that name in a folder that is made if need be; the result gives it back. Where a process has it that
 * still runs: who that is. `renewed`: it is touched now and then while it is held, and one of another machine that was
 * not touched for a minute is taken over.
 */
export async function takeLock(
  path: string,
  { renewed = true }: { readonly renewed?: boolean } = {},
): Promise<(() => Promise<void>) | { readonly who: string }> {
  try {
    await makeFolders(dirname(path));
  } catch (error) {
    throw fileProblem(dirname(path), "expected a folder to write to", error);
  }
  const me: Holder = { process: process.pid, host: hostname(), started: await startOf(process.pid) };
  const mine = `${JSON.stringify(me)}\n`;
  /** Given back unless somebody took it over meanwhile, as from a machine that slept. */
  const release = async () => {
    if ((await textOf(path)) === mine) await rm(path, { force: true });
  };
  for (;;) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(mine).finally(() => file.close());
      if (!renewed) return release;
      const timer = setInterval(() => utimes(path, new Date(), new Date()).catch(() => {}), renewedMs / 6).unref();
      return async () => {
        clearInterval(timer);
        await release();
      };
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw fileProblem(path, "expected a folder to write to", error);
    }
    const text = await textOf(path);
    if (text === null && !(await isThere(path))) continue; // given back meanwhile
    const who = await holderAtWork(path, text, renewed);
    if (who !== null) return { who };
    await takeAway(path, text);
  }
}

/** Who has a lock of this text, or of one that may not be read (null); null where nobody does any more. */
async function holderAtWork(path: string, text: string | null, renewed: boolean): Promise<string | null> {
  const holder = text === null ? null : holderOf(text);
  if (holder !== null) {
    return (await works(holder, renewed, path)) ? `process ${holder.process} on ${holder.host}` : null;
  }
  const countsMs = text !== null ? freshMs : renewed ? renewedMs : Number.POSITIVE_INFINITY;
  return (await isYounger(path, countsMs)) ? "another process" : null;
}

/** Removes a lock that nobody holds; what someone else has put in its place meanwhile is put back. */
async function takeAway(path: string, text: string | null): Promise<void> {
  const aside = `${path}.${process.pid}.part`;
  try {
    await rename(path, aside);
    if ((await textOf(aside)) === text) await rm(aside, { force: true });
    else await rename(aside, path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw fileProblem(path, "expected to take over a lock that nobody holds", error);
  }
}

function holderOf(text: string): Holder | null {
  try {
    const value = parseJson(text) as Partial<Holder> | null;
    return Number.isInteger(value?.process) && typeof value?.host === "string" ? (value as Holder) : null;
  } catch {
    return null;
  }
}

/** Whether the holder may still be at work: of another machine nobody can tell, but by the lock that it renews. */
async function works({ process: id, host, started }: Holder, renewed: boolean, path: string): Promise<boolean> {
  if (host !== hostname()) return !renewed || isYounger(path, renewedMs);
  try {
    process.kill(id, 0);
  } catch (error) {
    if (codeOf(error) !== "EPERM") return false;
  }
  const now = await startOf(id);
  return started === null || now === null || now === started;
}

/** Field 22 of Linux's /proc/ID/stat; the name before it may hold spaces and parentheses. */
async function startOf(id: number): Promise<string | null> {
  const text = await textOf(`/proc/${id}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

/** At most as much as a lock or a line of /proc has; null where there is no such file, or it may not be read. */
async function textOf(path: string): Promise<string | null> {
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}

/** Also where it is a link that leads nowhere. */
async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: unknown) => codeOf(error) !== "ENOENT",
  );
}

async function isYounger(path: string, ms: number): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs < ms;
  } catch {
    return false;
  }
}
