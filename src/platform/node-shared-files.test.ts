import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { InputError } from "../errors.ts";
import { nodeSharedFiles as shared } from "./node-shared-files.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tessera-shared-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("bytes go to their positions, whatever was there", async () => {
  const path = join(folder, "a/part");
  const part = await shared.openPart(path);
  expect(part.size).toBe(0);
  await part.write(new Uint8Array([1, 2, 3]), 0);
  await part.write(new Uint8Array([9, 8]), 2);
  await part.close();
  expect([...readFileSync(path)]).toEqual([1, 2, 9, 8]);
  const again = await shared.openPart(path);
  expect(again.size).toBe(4);
  await again.truncate(1);
  await again.close();
  expect([...readFileSync(path)]).toEqual([1]);
  await expect(shared.openPart(folder)).rejects.toThrow(InputError);
});

test("hashes are those of the prefix and the bytes", async () => {
  const path = join(folder, "file");
  const bytes = new Uint8Array(3_000_000).map((_, i) => i % 251);
  await writeFile(path, bytes);
  expect(await shared.hashFile(path, "sha256")).toBe(createHash("sha256").update(bytes).digest("hex"));
  expect(await shared.hashFile(path, "sha1", "blob 1\0")).toBe(
    createHash("sha1").update("blob 1\0").update(bytes).digest("hex"),
  );
  await expect(shared.hashFile(join(folder, "none"), "sha1")).rejects.toThrow(InputError);
});

test("links are relative and take the place of what was there", async () => {
  await writeFile(join(folder, "blob"), "bytes");
  const path = join(folder, "snapshots/c/file");
  for (let i = 0; i < 2; i++) {
    await shared.link(path, join(folder, "blob"));
    expect(readlinkSync(path)).toBe("../../blob");
    expect(readFileSync(path, "utf8")).toBe("bytes");
    expect(readdirSync(join(folder, "snapshots/c"))).toEqual(["file"]);
    await rm(path);
    await symlink("nowhere", path);
  }
  expect(lstatSync(path).isSymbolicLink()).toBe(true);
});

test("facts and places are of what links lead to; of nothing there are none", async () => {
  await writeFile(join(folder, "blob"), "bytes");
  await symlink("blob", join(folder, "link"));
  await symlink("gone", join(folder, "dangling"));
  expect(await shared.fileFacts(join(folder, "link"))).toEqual({
    ...{ size: 5, changed: expect.any(Number), id: (await shared.fileFacts(join(folder, "blob")))?.id },
  });
  for (const name of ["dangling", "none", "blob/below"]) {
    expect(await shared.fileFacts(join(folder, name))).toBeNull();
  }
  expect(await shared.fileFacts(folder)).toBeNull();
});

test("files below a folder are those of its folders, not of what links lead to", async () => {
  await mkdir(join(folder, "a/b"), { recursive: true });
  await writeFile(join(folder, "a/b/file"), "");
  await writeFile(join(folder, "z"), "");
  await symlink("../z", join(folder, "a/link"));
  await symlink("gone", join(folder, "a/dangling"));
  for (const name of ["one", "two"]) await symlink(".", join(folder, "a", name)); // folders without end
  expect(await shared.filesBelow(folder)).toEqual(["a/b/file", "a/link", "z"]);
  expect(await shared.filesBelow(join(folder, "none"))).toEqual([]);
  expect(await shared.filesBelow(join(folder, "z"))).toEqual([]);
});

test.skipIf(process.platform === "win32")("nothing is written through a link that somebody has left", async () => {
  await writeFile(join(folder, "other"), "theirs");
  await symlink("other", join(folder, "part"));
  await expect(shared.openPart(join(folder, "part"))).rejects.toThrow(/got a symbolic link/);
  await symlink("new", join(folder, "dangling"));
  await expect(shared.openPart(join(folder, "dangling"))).rejects.toThrow(InputError);
  await expect(shared.copyFile(join(folder, "other"), join(folder, "dangling"))).rejects.toThrow(InputError);
  expect(readFileSync(join(folder, "other"), "utf8")).toBe("theirs");
  expect(readdirSync(folder).sort()).toEqual(["dangling", "other", "part"]);
});

test("a name may be as long as the system allows", async () => {
  await writeFile(join(folder, "blob"), "bytes");
  const path = join(folder, "n".repeat(255));
  await shared.link(path, join(folder, "blob"));
  expect(readFileSync(path, "utf8")).toBe("bytes");
});
