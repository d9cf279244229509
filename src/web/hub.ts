import { hexDigest } from "../array/digest.ts";
import { InputError } from "../errors.ts";
import { chooseWeights, companionsOf, isIndex, shardsOf } from "../hub/choose.ts";
import { type Connection, HubSilent } from "../hub/connection.ts";
import { hashOf, receive, wrongHash } from "../hub/receive.ts";
import { parseReference } from "../hub/reference.ts";
import { describeRepository, type HubFile, nameOf, type Repository } from "../hub/repository.ts";
import { defaultEndpoint, defaultTimeoutMs, endpointOf, tokenOf } from "../hub/settings.ts";
import type { FetchedModel, FetchOptions, ModelFile } from "./fetched-model.ts";

/** The name of our part of the browser's cache. */
const cacheName = "tessera-hub";

/** See `fetchModel`. */
export async function fetchToBrowser(name: string, options: FetchOptions): Promise<FetchedModel> {
  const reference = parseReference(name);
  const { repository, revision, file } = reference;
  const where = nameOf(reference);
  if (globalThis.crypto?.subtle === undefined || globalThis.caches === undefined) {
    throw new InputError(
      `${name}: expected a page that may keep and check files, got one that is not secure. Serve it over https.`,
    );
  }
  const { endpoint = defaultEndpoint, token = "", signal, onLicence, onProgress } = options;
  const connection: Connection = {
    ...{ endpoint: endpointOf(endpoint), token: tokenOf(token), timeoutMs: defaultTimeoutMs, signal },
  };
  const cache = await globalThis.caches.open(cacheName);
  const address = `${connection.endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}`;
  const { described, source } = await describe(connection, reference, cache, address);
  const { commit, licence, files } = described;
  const paths = files.map(({ path }) => path);
  const chosen = chooseWeights(paths, file, where);
  onLicence?.(licence);

  const loaded = new Map<string, ModelFile>();
  const load = async (wanted: readonly string[]) => {
    const missing: HubFile[] = [];
    for (const path of wanted.filter((each) => !loaded.has(each))) {
      const known = files.find((each) => each.path === path);
      if (known === undefined)
        throw new InputError(`${where}: expected ${path}, which its index names, got none. Name another file.`);
      const bytes = await kept(cache, keyOf(path), known.size);
      if (bytes === null) missing.push(known);
      else loaded.set(path, { path, bytes });
    }
    const total = missing.reduce((sum, { size }) => sum + size, 0);
    let before = 0;
    for (const each of missing) {
      const { path, size } = each;
      const bytes = await received(connection, { where: `${where}:${path}`, repository }, commit, each, (done) =>
        onProgress?.(before + done, total, path),
      );
      await keep(cache, keyOf(path), bytes);
      loaded.set(path, { path, bytes });
      before += size;
    }
  };
  const keyOf = (path: string) =>
    `${connection.endpoint}/${repository}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`;
  const companions = companionsOf(paths, chosen);
  if (isIndex(chosen)) await load([chosen]);
  const index = loaded.get(chosen);
  const weights = index === undefined ? [chosen] : shardsOf(new TextDecoder().decode(index.bytes), chosen, where);
  await load([...weights, ...companions]);
  if (source === "hub") await keep(cache, address, new TextEncoder().encode(JSON.stringify(described)));
  const all = [...loaded.values()];
  const chosenFiles = weights.flatMap((path) => loaded.get(path) ?? []);
  return { repository, revision, commit, licence, weights: chosenFiles, files: all, source };
}

/** What the hub says of the repository, or where it does not answer, what it said when the model was last fetched. */
async function describe(
  connection: Connection,
  reference: ReturnType<typeof parseReference>,
  cache: Cache,
  address: string,
): Promise<{ readonly described: Repository; readonly source: "hub" | "cache" }> {
  try {
    return { described: await describeRepository(connection, reference), source: "hub" };
  } catch (error) {
    const known = error instanceof HubSilent ? await cache.match(address) : undefined;
    if (known === undefined) throw error;
    return { described: (await known.json()) as Repository, source: "cache" };
  }
}

/** A file's bytes, checked. */
async function received(
  connection: Connection,
  purpose: { readonly where: string; readonly repository: string },
  commit: string,
  file: HubFile,
  onBytes: (done: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = room(file, purpose.where);
  const request = { connection, purpose, repository: purpose.repository, commit, file, from: 0 };
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
function room({ size }: HubFile, where: string): Uint8Array<ArrayBuffer> {
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
async function kept(cache: Cache, key: string, size: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const found = await cache.match(key);
  const bytes = found === undefined ? null : new Uint8Array(await found.arrayBuffer());
  return bytes?.length === size ? bytes : null;
}

/** A browser that gives no room keeps nothing: the model is there all the same. */
async function keep(cache: Cache, key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    await cache.put(key, new Response(bytes, { headers: { "content-length": String(bytes.length) } }));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}
