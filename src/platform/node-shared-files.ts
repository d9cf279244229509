/** Files on Node that several programs use at the same time. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { constants, copyFile, link, open, readdir, rename, rm, stat, symlink } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { codeOf } from "../errors.ts";
import { fileProblem, makeFolders } from "./node-files.ts";
import { takeLock } from "./node-lock.ts";
import type { PartFile, SharedFiles } from "./shared-files.ts";

export const nodeSharedFiles: SharedFiles = {
  takeLock: (path) => takeLock(path).then((taken) => (typeof taken === "function" ? taken : null)),

  async fileFacts(path) {
    try {
      const found = await stat(path, { bigint: true }); // numbers of files on Windows have 64 bits
      if (!found.isFile()) return null;
      return { size: Number(found.size), changed: Number(found.mtimeMs), id: `${found.dev}:${found.ino}` };
    } catch (error) {
      if (isMissing(error)) return null;
      throw fileProblem(path, "expected a readable file", error);
    }
  },

  async filesBelow(folder) {
    try {
      const found: string[] = [];
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        const isFile = entry.isSymbolicLink() ? (await nodeSharedFiles.fileFacts(path)) !== null : entry.isFile();
        if (isFile) found.push(relative(folder, path).split(sep).join("/"));
      }
      return found.sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw fileProblem(folder, "expected a readable folder", error);
    }
  },

  openPart,

  async hashFile(path, algorithm, prefix = "", signal) {
    const hash = createHash(algorithm).update(prefix);
    try {
      for await (const piece of createReadStream(path, { highWaterMark: 1 << 20, ...(signal && { signal }) })) {
        hash.update(piece as Uint8Array);
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw fileProblem(path, "expected a readable file", error);
    }
    return hash.digest("hex");
  },

  async copyFile(from, to) {
    try {
      await makeFolders(dirname(to));
      await copyFile(from, to, newCopy);
    } catch (error) {
      throw fileProblem(to, "expected to copy a file", error);
    }
  },

  async link(path, target) {
    const place = join(dirname(path), `.${process.pid}-${links++}.part`); // whatever the length of the name
    try {
      await makeFolders(dirname(path));
      const ways = [
        () => symlink(relative(dirname(resolve(path)), resolve(target)), place),
        () => link(target, place),
        () => copyFile(target, place, newCopy),
      ];
      await firstPossible(ways);
      await rename(place, path);
    } catch (error) {
      throw fileProblem(path, "expected to link a file", error);
    } finally {
      await rm(place, { force: true });
    }
  },
};

let links = 0;

/** Follows no link that is there already, and shares the blocks where the file system can. */
const newCopy = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;

/** Codes by which a system says that it has no links of a kind, or does not allow them here. */
const refusals = new Set([
  "EPERM",
  "EACCES",
  "ENOSYS",
  "EOPNOTSUPP",
  "ENOTSUP",
  "EINVAL",
  "EXDEV",
  "EMLINK",
  "UNKNOWN",
]);

async function firstPossible(ways: readonly (() => Promise<void>)[]): Promise<void> {
  const [way, ...others] = ways;
  try {
    await way();
  } catch (error) {
    if (others.length === 0 || !refusals.has(codeOf(error))) throw error;
    await firstPossible(others);
  }
}

async function openPart(path: string): Promise<PartFile> {
  const expected = "expected to write a file";
  const guarded = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      throw fileProblem(path, expected, error);
    }
  };
  const file = await guarded(async () => {
    await makeFolders(dirname(path));
    // Neither truncated nor appended to: bytes go to their own positions. Others may write to the folder: no link is followed.
    return open(path, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)); // Windows has no such flag
  });
  const { size } = await guarded(() => file.stat());
  return {
    size,
    write: (bytes, position) =>
      guarded(async () => {
        for (let done = 0; done < bytes.length; ) {
          done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
        }
      }),
    truncate: (length) => guarded(() => file.truncate(length)),
    close: () => guarded(() => file.sync().finally(() => file.close())),
  };
}

function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ELOOP"].includes(codeOf(error));
}
