/** Runs the built command line as users do. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

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
export function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let error = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    error += chunk;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code, out, error }));
  });
  return { process: child, ended };
}

/** Runs `tessera …args` to its end. */
export function tessera(...args: readonly string[]): Promise<Ended> {
  return start(args).ended;
}

/** One clear line, no stack, and the exit code of bad input or, if so, of wrong usage. */
export function expectOneLine({ code, error }: Ended, message: RegExp, expected = 1): void {
  expect(error).toMatch(message);
  expect(error.split("\n").filter((line) => line.startsWith("tessera: "))).toHaveLength(1);
  expect(error).not.toMatch(/^\s+at /m);
  expect(code).toBe(expected);
}

export async function until(condition: () => boolean, timeoutMs = 600_000): Promise<void> {
  const begun = Date.now();
  while (!condition()) {
    if (Date.now() - begun > timeoutMs) throw new Error("waited too long");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
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
