import { hexDigest } from "../array/digest.ts";
import { InputError } from "../errors.ts";
import { type Connection, HubUnavailable } from "../hub/connection.ts";
import { fetchFiles, type Keeper } from "../hub/fetch-files.ts";
import { addressOf, hashOf, type Request, receive, wrongHash } from "../hub/receive.ts";
import { parseReference, type Reference } from "../hub/reference.ts";
import { describeRepository, type HubFile, type Repository } from "../hub/repository.ts";
import { defaultEndpoint, defaultTimeoutMs, endpointOf, tokenOf } from "../hub/settings.ts";
import type { FetchedModel, FetchOptions, ModelFile } from "./fetched-model.ts";

/** The name of our part of the browser's cache. */
const cacheName = "tessera-hub";

/** What a page's options are called, for messages. */
const names = { endpoint: "endpoint", token: "token" } as const;

/** See `fetchModel`. */
export async function fetchToBrowser(name: string, options: FetchOptions): Promise<FetchedModel> {
  const reference = parseReference(name);
  const { repository, revision } = reference;
  if (globalThis.crypto?.subtle === undefined || globalThis.caches === undefined) {
    throw new InputError(
      `${name}: expected a page that may keep and check files, got one that is not secure. Serve it over https.`,
    );
  }
  const { endpoint = defaultEndpoint, token = "", signal } = options;
  const connection: Connection = {
    endpoint: endpointOf(endpoint, names.endpoint),
    token: tokenOf(token, names.token),
    ...{ names, timeoutMs: defaultTimeoutMs, signal },
  };
  const cache = await globalThis.caches.open(cacheName).catch(() => null); // private windows of some browsers have none
  const address = `${connection.endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}`;
  const { described, source } = await describe(connection, reference, cache, address);
  const { commit, licence } = described;
  const keyOf = (path: string) => addressOf(connection.endpoint, repository, commit, path);
  const loaded = new Map<string, ModelFile>();
  const keeper: Keeper = {
    async has({ path, size }) {
      const bytes = loaded.get(path)?.bytes ?? (await kept(cache, keyOf(path), size));
      if (bytes !== null) loaded.set(path, { path, bytes });
      return bytes !== null;
    },
    async fetch(file, purpose, onBytes) {
      const bytes = await received({ connection, purpose, commit, file, from: 0 }, onBytes);
      await keep(cache, keyOf(file.path), bytes);
      loaded.set(file.path, { path: file.path, bytes });
    },
    text: async (path) => new TextDecoder().decode(loaded.get(path)?.bytes),
  };
  const { weights, all } = await fetchFiles(reference, described, keeper, options);
  if (source === "hub") await keep(cache, address, new TextEncoder().encode(JSON.stringify(described)));
  const filesAt = (paths: readonly string[]) => paths.flatMap((path) => loaded.get(path) ?? []);
  return { repository, revision, commit, licence, weights: filesAt(weights), files: filesAt(all), source };
}

/** What the hub says of the repository, or where it does not answer, what it said when the model was last fetched. */
async function describe(
  connection: Connection,
  reference: Reference,
  cache: Cache | null,
  address: string,
): Promise<{ readonly described: Repository; readonly source: "hub" | "cache" }> {
  try {
    return { described: await describeRepository(connection, reference), source: "hub" };
  } catch (error) {
    const known = error instanceof HubUnavailable ? await cache?.match(address) : undefined;
    if (known === undefined) throw error;
    return { described: (await known.json()) as Repository, source: "cache" };
  }
}

/** A file's bytes, checked. */
async function received(request: Request, onBytes: (done: number) => void): Promise<Uint8Array<ArrayBuffer>> {
  const { purpose, file } = request;
  const bytes = memoryFor(file, purpose.where);
  const attempt = async () => {
    const { pieced } = await receive(request, {
      write(piece, position) {
        bytes.set(piece, position);
        onBytes(position + piece.length);
      },
      restart() {},
    });
    return { pieced, whole: (await digest(bytes, file)) === file.hash };
  };
  const { whole, pieced } = await attempt();
  // What was put together of several answers may be of several files; in one piece once more.
  if (whole || (pieced && (await attempt()).whole)) return bytes;
  throw wrongHash(purpose, file);
}

/** Memory for a file, whose size is what the hub says. */
function memoryFor({ size }: HubFile, where: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch {
    throw new InputError(
      `${where}: expected a file that fits into a page's memory, got ${size} bytes. Choose a smaller one.`,
    );
  }
}

async function digest(bytes: Uint8Array<ArrayBuffer>, file: HubFile): Promise<string> {
  const { algorithm, prefix } = hashOf(file);
  const before = new TextEncoder().encode(prefix);
  const hashed = before.length === 0 ? bytes : new Uint8Array(await new Blob([before, bytes]).arrayBuffer());
  return hexDigest(hashed, algorithm === "sha1" ? "SHA-1" : "SHA-256");
}

/** Bytes in the cache; null where there are none, or others than the hub lists. */
async function kept(cache: Cache | null, key: string, size: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const found = await cache?.match(key);
  const bytes = found === undefined ? null : new Uint8Array(await found.arrayBuffer());
  return bytes?.length === size ? bytes : null;
}

/** A browser that gives no room keeps nothing: the model is there all the same. */
async function keep(cache: Cache | null, key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    await cache?.put(key, new Response(bytes, { headers: { "content-length": String(bytes.length) } }));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}
