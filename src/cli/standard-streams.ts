/** `-` in place of a file: a photograph from standard input, a result to standard output. */
import { InputError, problem, UsageError } from "../errors.ts";
import type { Image } from "../image/image.ts";
import { sourceOf } from "../platform/byte-source.ts";
import type { Platform } from "../platform/platform.ts";

/** What stands for standard input among photographs, and for standard output as --out. */
export const dash = "-";

/** Most bytes of a photograph from standard input: it is kept in memory. */
const mostBytes = 2 ** 30;

/** All of a stream. Throws InputError where it is empty or has more than `most` bytes. */
async function readStream(stream: AsyncIterable<Uint8Array>, most = mostBytes): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stream) {
    size += piece.length;
    if (size > most) {
      const got = `more than ${most} bytes`;
      throw new InputError(
        problem("standard input", "expected a photograph", got, "Write it to a file and name that."),
      );
    }
    pieces.push(piece);
  }
  if (size === 0) {
    throw new InputError(
      problem("standard input", "expected a photograph", "nothing", "Write tessera predict RUN - < photo.jpg."),
    );
  }
  return Buffer.concat(pieces);
}

/** TIFF and BigTIFF, of either byte order: its name tells that it may have a place on the earth. */
function isTiff([a, b, c, d]: Uint8Array): boolean {
  const isVersion = (number: number) => number === 42 || number === 43;
  return a === 0x49 && b === 0x49 ? isVersion(c) && d === 0 : a === 0x4d && b === 0x4d && c === 0 && isVersion(d);
}

/** Where `-` is among the paths, the stream is read, and is a file called `stdin` in its place. Otherwise nothing changes. */
export async function withStandardInput(
  platform: Platform,
  paths: readonly string[],
  stream: AsyncIterable<Uint8Array>,
): Promise<{ readonly platform: Platform; readonly paths: readonly string[] }> {
  if (!paths.includes(dash)) return { platform, paths };
  const bytes = await readStream(stream);
  const name = isTiff(bytes) ? "stdin.tif" : "stdin";
  let decoded: Promise<Image> | null = null;
  const decode = () => {
    decoded ??= platform.decodeImageBytes(bytes, "standard input");
    return decoded;
  };
  return {
    paths: paths.map((path) => (path === dash ? name : path)),
    platform: {
      ...platform,
      exists: async (path) => (path === name ? "file" : platform.exists(path)),
      withFile: (path, use) => (path === name ? use(sourceOf(bytes)) : platform.withFile(path, use)),
      readFile: async (path, most) => (path === name ? bytes : platform.readFile(path, most)),
      decodeImage: (path) => (path === name ? decode() : platform.decodeImage(path)),
      imageSize: (path) => (path === name ? decode() : platform.imageSize(path)),
    },
  };
}

/** A platform whose files below `folder` are kept in memory, by what follows the folder's name. */
export function withFilesInMemory(
  platform: Platform,
  folder: string,
): { platform: Platform; files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  const nameIn = (path: string) => (path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : null);
  return {
    files,
    platform: {
      ...platform,
      async exists(path) {
        const name = nameIn(path);
        if (name === null) return platform.exists(path);
        return files.has(name) ? "file" : "nothing";
      },
      async writeFile(path, content) {
        const name = nameIn(path);
        if (name === null) return platform.writeFile(path, content);
        const bytes = typeof content === "string" ? Buffer.from(content) : content;
        files.set(name, Array.isArray(bytes) ? Buffer.concat(bytes) : (bytes as Uint8Array));
      },
      async remove(path) {
        const name = nameIn(path);
        if (name === null) await platform.remove(path);
        else files.delete(name);
      },
    },
  };
}

/** What is written there is no text. Throws UsageError. */
export function requirePipe(command: string, what: string, { isTTY }: { readonly isTTY?: boolean }): void {
  if (isTTY !== true) return;
  throw new UsageError(
    `${command}: expected a file or another program behind standard output, got a terminal, which ${what} is nothing for. Write --out FOLDER, or > FILE.`,
  );
}

/** Writes all of it, as fast as whoever reads takes it; one that reads no further is no failure. */
export async function writeStream(stream: NodeJS.WritableStream, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write(bytes, () => resolve());
  });
}
