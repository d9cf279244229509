/** A platform for tests whose files live in a map. Folders exist where a file lies below them. */
import { createHash } from "node:crypto";
import { InputError } from "../../src/errors.ts";
import { sourceOf } from "../../src/platform/byte-source.ts";
import type { Platform } from "../../src/platform/platform.ts";

export interface MemoryPlatform extends Platform {
  readonly files: Map<string, Uint8Array>;
}

export function memoryPlatform(): MemoryPlatform {
  const files = new Map<string, Uint8Array>();
  const bytesOf = (content: Uint8Array | string | readonly Uint8Array[]): Uint8Array => {
    if (typeof content === "string") return new TextEncoder().encode(content);
    return content instanceof Uint8Array ? content : Buffer.concat(content);
  };
  const under = (folder: string) => [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
  const refuse = () =>
    Promise.reject(
      new InputError("memory: has neither pictures nor shared files, got a request for one. Use real files."),
    );
  return {
    files,
    environment: {},
    home: () => "/home",
    async readFile(path) {
      const bytes = files.get(path);
      if (bytes === undefined)
        throw new InputError(`${path}: expected a readable file, got nothing there. Check the path.`);
      return bytes;
    },
    async readText(path) {
      return new TextDecoder().decode(await this.readFile(path));
    },
    async withFile(path, use) {
      return use(sourceOf(await this.readFile(path)));
    },
    async writeFile(path, content) {
      files.set(path, bytesOf(content));
    },
    async appendFile(path, content) {
      files.set(path, Buffer.concat([files.get(path) ?? new Uint8Array(0), bytesOf(content)]));
    },
    async rename(from, to) {
      for (const path of [from, ...under(from)]) {
        const bytes = files.get(path);
        if (bytes === undefined) continue;
        files.delete(path);
        files.set(to + path.slice(from.length), bytes);
      }
    },
    async remove(path) {
      for (const inside of [path, ...under(path)]) files.delete(inside);
    },
    async list(folder) {
      return [...new Set(under(folder).map((path) => path.slice(folder.length + 1).split("/")[0]))].sort();
    },
    async exists(path) {
      return files.has(path) ? "file" : under(path).length > 0 ? "folder" : "nothing";
    },
    lock: async () => async () => {},
    shared: {
      fileFacts: async () => null,
      filesBelow: async () => [],
      ...{ openPart: refuse, copyFile: refuse, link: refuse, takeLock: refuse },
      hashFile: async (path, algorithm, prefix = "") =>
        createHash(algorithm)
          .update(prefix)
          .update(files.get(path) ?? new Uint8Array())
          .digest("hex"),
    },
    decodeImage: refuse,
    decodeImageBytes: refuse,
    decodeMaskBytes: refuse,
    imageSize: refuse,
    decodeMask: refuse,
    encodeIndexedPng: refuse,
    encodeGrey16Png: refuse,
    encodeImage: refuse,
  };
}
