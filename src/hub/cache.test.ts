import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodePlatform as platform } from "../platform/node.ts";
import { listCache, removeFromCache } from "./cache.ts";

const [first, second] = ["1".repeat(40), "2".repeat(40)];
let cache: string;

/** Two revisions that share one file, as huggingface_hub leaves them; a data set beside them. */
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "tessera-cache-"));
  const model = join(cache, "models--lab--net-x");
  await mkdir(join(model, "blobs"), { recursive: true });
  await mkdir(join(model, "refs/refs/pr"), { recursive: true });
  await writeFile(join(model, "refs/main"), second);
  await writeFile(join(model, "refs/refs/pr/1"), first);
  for (const [name, size] of [
    ["shared", 100],
    ["old", 30],
    ["new", 7],
    ["cut.incomplete", 5],
  ] as const) {
    await writeFile(join(model, "blobs", name), new Uint8Array(size));
  }
  for (const [commit, blobs] of [
    [first, ["shared", "old"]],
    [second, ["shared", "new"]],
  ] as const) {
    await mkdir(join(model, "snapshots", commit, "onnx"), { recursive: true });
    await symlink(`../../../blobs/${blobs[0]}`, join(model, "snapshots", commit, "onnx/model.onnx"));
    await symlink(`../../blobs/${blobs[1]}`, join(model, "snapshots", commit, "config.json"));
  }
  await mkdir(join(cache, "datasets--lab--set/blobs"), { recursive: true });
  await mkdir(join(cache, ".locks"));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

const folder = () => join(cache, "models--lab--net-x");

test("models are listed with what each revision and all of them take", async () => {
  const snapshot = (commit: string, refs: string[], bytes: number) => ({
    ...{ commit, refs, bytes, folder: join(folder(), "snapshots", commit), paths: ["config.json", "onnx/model.onnx"] },
  });
  expect(await listCache(platform, cache)).toEqual([
    {
      repository: "lab/net-x",
      folder: folder(),
      bytes: 142,
      revisions: [snapshot(first, ["refs/pr/1"], 130), snapshot(second, ["main"], 107)],
    },
  ]);
  expect(await listCache(platform, join(cache, "none"))).toEqual([]);
});

test("a revision is removed with what only it uses, the last one with all that is left", async () => {
  expect(await removeFromCache(platform, cache, { repository: "lab/net-x", revision: "refs/pr/1" })).toBe(30);
  expect(existsSync(join(folder(), "blobs/shared"))).toBe(true);
  expect(existsSync(join(folder(), "refs/refs/pr/1"))).toBe(false);
  expect((await listCache(platform, cache))[0].revisions.map(({ commit }) => commit)).toEqual([second]);
  expect(await removeFromCache(platform, cache, { repository: "lab/net-x", revision: second })).toBe(112);
  expect(existsSync(folder())).toBe(false);
  expect(existsSync(join(cache, "datasets--lab--set"))).toBe(true);
});

test("links to folders are not entered", async () => {
  const before = await listCache(platform, cache);
  for (const name of ["one", "two"]) await symlink(".", join(folder(), "snapshots", first, name));
  expect(await listCache(platform, cache)).toEqual(before);
});

test("a model is removed whole", async () => {
  expect(await removeFromCache(platform, cache, { repository: "lab/net-x", revision: null })).toBe(142);
  expect(existsSync(folder())).toBe(false);
});

test("what is not there is said, and what is being fetched stays", async () => {
  await expect(removeFromCache(platform, cache, { repository: "lab/other", revision: null })).rejects.toThrow(
    /^lab\/other: expected a model in .*, got none there\. See tessera hub list\./,
  );
  await expect(removeFromCache(platform, cache, { repository: "lab/net-x", revision: "v9" })).rejects.toThrow(
    /^lab\/net-x@v9: /,
  );
  const release = await platform.shared.takeLock(join(cache, ".locks/models--lab--net-x/aa.tessera.lock"));
  await expect(removeFromCache(platform, cache, { repository: "lab/net-x", revision: null })).rejects.toThrow(
    /expected a model that nobody fetches/,
  );
  expect(existsSync(folder())).toBe(true);
  await release?.();
});
