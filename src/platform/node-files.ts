/** Files on Node: reading, listing, and writing that never leaves half a file. */
import { constants as bufferConstants } from "node:buffer";
import { access, constants, type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir, totalmem } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { codeOf, InputError, problem } from "../errors.ts";
import type { ByteSource } from "./byte-source.ts";
import { descriptionBytes } from "./limits.ts";

const systemErrors: Readonly<Record<string, readonly [got: string, remedy: string]>> = {
  ENOENT: ["nothing there", "Check the path."],
  EACCES: ["no permission", "Change the permissions or choose another folder."],
  EPERM: ["no permission", "Change the permissions or choose another folder."],
  EROFS: ["a read-only file system", "Choose a folder on a writable disk."],
  ENOSPC: ["a full disk", "Free some space or choose a folder on another disk."],
  EDQUOT: ["an exhausted disk quota", "Free some space or choose a folder on another disk."],
  EFBIG: ["a file larger than the file system allows", "Choose a folder on another disk."],
  EISDIR: ["a folder", "Name a file."],
  ENOTDIR: ["a path that leads through a file", "Name a folder where the path has a file."],
  EEXIST: ["a file of that name", "Remove it or choose another name."],
  ENOTEMPTY: ["a folder that is not empty", "Remove it or choose another name."],
  ENAMETOOLONG: ["a name that is too long", "Choose a shorter name."],
  ELOOP: ["a symbolic link that cannot be followed", "Remove the link."],
  EMFILE: ["too many open files", "Raise the limit (`ulimit -n`)."],
  EIO: ["a failing disk", "Check the disk."],
};

/** The InputError for a failed file operation; errors that are not the system's are returned as they are. */
export function fileProblem(path: string, expected: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === "") return error;
  const known = systemErrors[code];
  if (known !== undefined) return new InputError(problem(path, expected, known[0], known[1]));
  return "syscall" in (error as object)
    ? new InputError(problem(path, expected, `system error ${code}`, "Check the disk and the path."))
    : error;
}

/** See `Platform.home`. */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    // A number without a user, as containers run with.
    throw new InputError("HOME: expected the user's home folder, got none that the system knows. Set HOME.");
  }
}

/** See `Platform.exists`. A path that leads through a file does not exist. */
export async function existsOnDisk(path: string): Promise<"file" | "folder" | "nothing"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return "nothing";
    throw fileProblem(path, "expected a readable path", error);
  }
}

/**
 * Size in bytes of a file that can be decoded. Throws InputError when it is missing, a folder, empty, a device, or may
 * not be read.
 */
export async function requireContent(path: string, expected: string): Promise<number> {
  const size = await requireFile(path, expected);
  if (size === 0) {
    throw new InputError(problem(path, expected, "an empty file", "Replace it with an intact copy or remove it."));
  }
  try {
    await access(path, constants.R_OK); // decoders take a file that may not be read for one of another kind
  } catch (error) {
    throw fileProblem(path, expected, error);
  }
  return size;
}

/** Size in bytes. Throws InputError for whatever is no regular file: reading a pipe would wait forever. */
async function requireFile(path: string, expected: string): Promise<number> {
  let found: Awaited<ReturnType<typeof stat>>;
  try {
    found = await stat(path);
  } catch (error) {
    throw fileProblem(path, expected, error);
  }
  if (found.isDirectory()) throw new InputError(problem(path, expected, "a folder", "Name a file."));
  if (!found.isFile()) throw new InputError(problem(path, expected, "a device or pipe", "Name a regular file."));
  return found.size;
}

/** See `Platform.readFile`. */
export async function readWholeFile(path: string, most = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
  const expected = "expected a readable file";
  const size = await requireFile(path, expected);
  const limit = Math.min(most, bufferConstants.MAX_LENGTH, totalmem());
  if (size > limit) {
    const remedy = limit === most ? "Name the right file, or make it smaller." : "Use a smaller file, or more memory.";
    throw new InputError(problem(path, `${expected} of at most ${sizeText(limit)}`, sizeText(size), remedy));
  }
  try {
    return size <= readAtOnce ? await readFile(path) : await readInPieces(path, size);
  } catch (error) {
    throw fileProblem(path, expected, error);
  }
}

/** See `Platform.readText`. */
export async function readWholeText(path: string, most = descriptionBytes): Promise<string> {
  return new TextDecoder().decode(await readWholeFile(path, most));
}

/** `16 MiB`, `1.5 GiB`: rounded up, so that what is too large never looks equal to its limit. */
function sizeText(bytes: number): string {
  const [unit, name] = bytes >= 2 ** 30 ? [2 ** 30, "GiB"] : [2 ** 20, "MiB"];
  return `${Math.ceil((10 * bytes) / unit) / 10} ${name}`;
}

/** Node's own readFile ends at 2 GiB. */
export const readAtOnce = 2 ** 30;

async function readInPieces(path: string, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  const file = await open(path);
  try {
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(bytes, at, Math.min(readAtOnce, size - at), at);
      if (bytesRead === 0) return bytes.subarray(0, at); // it became shorter while it was read
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** Calls `use` with a file that is read in parts, and closes it after that. */
export async function withFile<T>(path: string, use: (file: ByteSource) => Promise<T>): Promise<T> {
  await requireFile(path, "expected a readable file");
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      return await use({
        size,
        async read(offset, length) {
          const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
          return buffer.subarray(0, bytesRead);
        },
      });
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileProblem(path, "expected a readable file", error);
  }
}

/** See `Platform.list`. */
export async function listFolder(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    throw fileProblem(folder, "expected a readable folder", error);
  }
}

/**
 * Makes a folder and those above it. Node's own recursive mkdir never returns where a file system answers "nothing
 * there" instead of "no permission" (/proc does), so folders are made one by one from the first that exists.
 */
export async function makeFolders(folder: string): Promise<void> {
  const missing: string[] = [];
  let above = resolve(folder);
  while (dirname(above) !== above && (await existsOnDisk(above)) === "nothing") {
    missing.push(above);
    above = dirname(above);
  }
  for (const path of missing.reverse()) {
    try {
      await mkdir(path);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error; // somebody else may have made it meanwhile
    }
  }
}

let writes = 0;

/** See `Platform.writeFile`. The temporary file is `.NAME.PID-COUNT.part` in the same folder. */
export async function writeWholeFile(path: string, bytes: Uint8Array | string | readonly Uint8Array[]): Promise<void> {
  const expected = "expected to write a file";
  const folder = dirname(resolve(path));
  const temporary = join(folder, `.${basename(path).slice(0, 100)}.${process.pid}-${writes++}.part`);
  let file: FileHandle | undefined;
  try {
    // Renaming would put a file in the place of a device such as /dev/null.
    if ((await existsOnDisk(path)) !== "nothing") await requireFile(path, expected);
    await makeFolders(folder);
    file = await open(temporary, "wx");
    const pieces = typeof bytes === "string" || bytes instanceof Uint8Array ? [bytes] : bytes;
    for (const piece of pieces) await file.writeFile(piece);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(temporary, path);
  } catch (error) {
    await file?.close().catch(() => {});
    await rm(temporary, { force: true }).catch(() => {});
    throw fileProblem(path, expected, error);
  }
  await syncFolder(folder);
}

/** Makes a rename last through a power cut. Some file systems refuse to sync folders: there is nothing to do then. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch {}
}

/** See `Platform.appendFile`. */
export async function appendToFile(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    await makeFolders(dirname(path));
    const file = await open(path, "a");
    const { size } = await file.stat();
    try {
      await file.writeFile(bytes);
    } catch (error) {
      await file.truncate(size).catch(() => {}); // half a line would spoil the file for its readers
      throw error;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileProblem(path, "expected to add to a file", error);
  }
}

/** See `Platform.rename`. */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    if ((await existsOnDisk(to)) === "file") await requireFile(to, "expected to replace a file");
    await rename(from, to);
  } catch (error) {
    throw fileProblem(`${from} → ${to}`, "expected to rename", error);
  }
  await syncFolder(dirname(resolve(to)));
}

/** See `Platform.remove`. */
export async function removeFromDisk(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    throw fileProblem(path, "expected to remove it", error);
  }
}
