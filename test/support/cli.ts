/** Runs the built command line as users do. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const hold = new URL("./hold.mjs", import.meta.url).href;

/** Commands that have not ended: a test that runs out of time must not leave them behind. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts `tessera …args`; its output is collected. */
export function start(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  folder?: string,
): Running {
  return follow(
    spawn(process.execPath, [main, ...args], {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
}

function follow(child: ChildProcess): Running {
  running.add(child);
  let out = "";
  let error = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    out += chunk;
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    error += chunk;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => {
      running.delete(child);
      resolve({ code, out, error });
    });
  });
  return { process: child, ended };
}

/** Runs `tessera …args` to its end. */
export function tessera(...args: readonly string[]): Promise<Ended> {
  return start(args).ended;
}

/** The same in a working folder. */
export function tesseraIn(folder: string, ...args: readonly string[]): Promise<Ended> {
  return start(args, {}, folder).ended;
}

/** One clear line, no stack, and the exit code of bad input or, if so, of wrong usage. */
export function expectOneLine({ code, error }: Ended, message: RegExp, expected = 1): void {
  expect(error).toMatch(message);
  expect(error.split("\n").filter((line) => line.startsWith("tessera: "))).toHaveLength(1);
  expect(error).not.toMatch(/^\s+at /m);
  expect(code).toBe(expected);
}

/** The end of a path that a run writes: when it is about to be there, or there. */
export type Place = { readonly before: string } | { readonly after: string };

/** A run that waits until it is told to go on; signals that it gets meanwhile are served. */
export interface Held extends Running {
  goOn(): void;
}

/** Starts `tessera …args` and comes back when it is held at `place`, however busy the machine is. */
export async function held(args: readonly string[], place: Place): Promise<Held> {
  const [name, path] = "after" in place ? ["HOLD_AFTER", place.after] : ["HOLD_BEFORE", place.before];
  const child = spawn(process.execPath, ["--import", hold, main, ...args], {
    env: { ...process.env, [name]: path },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const { ended } = follow(child);
  const early = ended.then(({ code, error }) => {
    throw new Error(`ended with code ${code} before it was held at ${path}: ${error}`);
  });
  await Promise.race([new Promise((resolve) => child.once("message", resolve)), early]);
  early.catch(() => {});
  return { process: child, ended, goOn: () => void child.send("on") };
}

/** Runs `tessera …args` to `place` and sends it a signal there; what it says as it ends. */
export async function stopped(args: readonly string[], place: Place, signal: "SIGINT" | "SIGKILL"): Promise<Ended> {
  const { process, ended, goOn } = await held(args, place);
  process.kill(signal);
  if (signal !== "SIGKILL") goOn();
  return ended;
}

/** SHA-256 of the files below a folder, by path. The folder's own name is left out of what they hold. */
export async function digests(folder: string, of: (path: string) => boolean): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    if (!of(path) || (await stat(`${folder}/${path}`)).isDirectory()) continue;
    const text = (await readFile(`${folder}/${path}`, "latin1")).replaceAll(folder, "");
    found[path] = createHash("sha256").update(text, "latin1").digest("hex");
  }
  return found;
}

/** A folder for one test file; `remove` deletes it. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "tessera-test-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
