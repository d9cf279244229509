import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { InputError } from "../errors.ts";
import { lockFolder, takeLock } from "./node-lock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tessera-lock-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a folder is one process's until it gives it back", async () => {
  const release = await lockFolder(`${folder}/run`);
  await expect(lockFolder(`${folder}/run`)).rejects.toThrow(InputError);
  await expect(lockFolder(`${folder}/run`)).rejects.toThrow(
    `nobody else trains in, got one in which process ${process.pid} on ${hostname()} does`,
  );
  await release();
  expect(existsSync(`${folder}/run/.lock`)).toBe(false);
  await (await lockFolder(`${folder}/run`))();
});

test("of many that want it at once one gets it", async () => {
  const asked = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
  expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("the lock of a process that has ended is taken over", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.once("exit", resolve));
  await writeFile(`${folder}/.lock`, JSON.stringify({ process: child.pid, host: hostname(), started: "1" }));
  const release = await lockFolder(folder);
  expect(JSON.parse(await readFile(`${folder}/.lock`, "utf8"))).toMatchObject({ process: process.pid });
  await release();
});

test.runIf(process.platform === "linux")("a number that another process has by now holds nothing", async () => {
  await writeFile(`${folder}/.lock`, JSON.stringify({ process: process.pid, host: hostname(), started: "1" }));
  await (await lockFolder(folder))();
});

test("a lock of another machine is believed", async () => {
  await writeFile(`${folder}/.lock`, JSON.stringify({ process: 1, host: "elsewhere", started: null }));
  await expect(lockFolder(folder)).rejects.toThrow(/process 1 on elsewhere does\. .* if it has ended, remove .*\.lock/);
});

test("a lock that says nothing is believed only while it may be being written", async () => {
  await writeFile(`${folder}/.lock`, "");
  await expect(lockFolder(folder)).rejects.toThrow("another process does");
  await utimes(`${folder}/.lock`, new Date(0), new Date(0));
  await (await lockFolder(folder))();
});

test("a lock on one file is had by one, made with its folders, and leaves nothing", async () => {
  const path = `${folder}/locks/a/file.lock`;
  const release = await takeLock(path);
  if (typeof release !== "function") throw new Error("not taken");
  expect(await takeLock(path)).toEqual({ who: `process ${process.pid} on ${hostname()}` });
  await release();
  expect(existsSync(path)).toBe(false);
});

test("a lock of another machine that is renewed is believed for a minute", async () => {
  const path = `${folder}/file.lock`;
  await writeFile(path, JSON.stringify({ process: 1, host: "elsewhere", started: null }));
  expect(await takeLock(path)).toEqual({ who: "process 1 on elsewhere" });
  const before = new Date(Date.now() - 61_000);
  await utimes(path, before, before);
  const release = await takeLock(path);
  if (typeof release !== "function") throw new Error("not taken over");
  await release();
});

test("a lock that cannot be read is somebody's; one that leads nowhere is nobody's", async () => {
  await mkdir(`${folder}/.lock`);
  await expect(lockFolder(folder)).rejects.toThrow("another process does");
  const path = `${folder}/file.lock`;
  await mkdir(path);
  expect(await takeLock(path)).toEqual({ who: "another process" });
  await rm(path, { recursive: true });
  await symlink("nowhere", path);
  const release = await takeLock(path);
  if (typeof release !== "function") throw new Error("not taken over");
  await release();
  expect(existsSync(path)).toBe(false);
});

test("a lock that another one has taken over meanwhile is left to it", async () => {
  const path = `${folder}/file.lock`;
  const release = await takeLock(path);
  if (typeof release !== "function") throw new Error("not taken");
  const theirs = JSON.stringify({ process: 1, host: "elsewhere", started: null });
  await writeFile(path, theirs);
  await release();
  expect(await readFile(path, "utf8")).toBe(theirs);
});
