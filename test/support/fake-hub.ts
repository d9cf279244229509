/** A small Hugging Face hub on this machine, which serves as the real one does, or misbehaves as it is told. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeRepository {
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  /** The front matter of the card as data. */
  readonly card?: Readonly<Record<string, unknown>>;
  /** Asks for this token before it sends a file. */
  readonly gated?: string;
  /** Branches and tags besides `main`, all at the one commit that there is. */
  readonly refs?: readonly string[];
}

/** What happens in place of the usual answer; false: the usual answer after all. */
export type Mischief = (request: IncomingMessage, response: ServerResponse, body: Uint8Array) => boolean | undefined;

export interface FakeHub {
  readonly endpoint: string;
  /** Method and path of every request so far, with the range if one was asked for. */
  readonly requests: string[];
  /** Headers of every request so far. */
  readonly headers: IncomingMessage["headers"][];
  /** Does to requests for files, or with `"api"` to all others, what it says. */
  misbehave(kind: "file" | "api", mischief: Mischief | null): void;
  /** Closes its connections, too. */
  close(): Promise<void>;
}

/** Git keeps small text itself, and large files apart, by SHA-256. */
const isLarge = (path: string) => /\.(?:safetensors|npz|bin|pth|onnx|onnx_data)$/.test(path);

export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
export const gitHash = (bytes: Uint8Array) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

/** The name of a file's blob. */
export const blobName = (path: string, bytes: Uint8Array) => (isLarge(path) ? sha256(bytes) : gitHash(bytes));

/** The commit that a repository is at: one for its name, so that tests can write it down. */
export const commitOf = (name: string) => createHash("sha1").update(name).digest("hex");

/** Bytes that look like nothing, the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0, x = seed; i < words.length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    words[i] = x ^ (x >>> 13);
  }
  return new Uint8Array(words.buffer, 0, length);
}

export async function startFakeHub(repositories: Readonly<Record<string, FakeRepository>>): Promise<FakeHub> {
  const requests: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const mischief: Record<"file" | "api", Mischief | null> = { file: null, api: null };
  const known = new Map(
    Object.entries(repositories).map(([name, repository]) => {
      const files = Object.entries(repository.files).map(([path, content]): [string, Uint8Array] => [
        path,
        Buffer.from(content),
      ]);
      return [name, { ...repository, contents: new Map(files) }];
    }),
  );

  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://hub");
    const path = decodeURIComponent(url.pathname);
    const { range } = request.headers;
    requests.push(`${request.method} ${path}${range === undefined ? "" : ` ${range}`}`);
    headers.push(request.headers);
    response.setHeader("access-control-allow-origin", "*");
    const json = (value: unknown, status = 200, extra = {}) =>
      response
        .writeHead(status, { "content-type": "application/json; charset=utf-8", ...extra })
        .end(JSON.stringify(value));
    const api = /^\/api\/models\/([^/]+\/[^/]+)(?:\/(revision|tree)\/(.+))?$/.exec(path);
    const resolve = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path);
    const name = api?.[1] ?? resolve?.[1] ?? "";
    const repository = known.get(name);
    const body = repository?.contents.get(resolve?.[3] ?? "");
    if (mischief[resolve === null ? "api" : "file"]?.(request, response, body ?? new Uint8Array())) return;
    if (repository === undefined)
      return void json({ error: "Repository not found" }, 401, { "x-error-code": "RepoNotFound" });
    const commit = commitOf(name);
    const revision = api?.[3] ?? resolve?.[2] ?? "main";
    if (![commit, "main", "HEAD", ...(repository.refs ?? [])].includes(revision)) {
      return void json({ error: "Invalid rev id" }, 404, { "x-error-code": "RevisionNotFound" });
    }
    if (api?.[2] === "tree") return void sendTree(repository.contents, url, json);
    if (api !== null) {
      const { card = {} } = repository;
      const tags = typeof card.license === "string" ? [`license:${card.license}`] : [];
      return void json({
        _id: "1",
        id: name,
        sha: commit,
        cardData: card,
        tags,
        private: false,
        likes: 0,
        downloads: 0,
      });
    }
    if (body === undefined) return void json({ error: "Entry not found" }, 404, { "x-error-code": "EntryNotFound" });
    if (repository.gated !== undefined && request.headers.authorization !== `Bearer ${repository.gated}`) {
      return void json({ error: "Access is restricted" }, 401, { "x-error-code": "GatedRepo" });
    }
    sendFile(request, response, body);
  });
  const { port, close } = await listening(server);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    headers,
    misbehave(kind, act) {
      mischief[kind] = act;
    },
    close,
  };
}

/** Another host on this machine, for what leads away from the hub. */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly address: string; close(): Promise<void> }> {
  const { port, close } = await listening(createServer(answer));
  return { address: `http://localhost:${port}`, close };
}

async function listening(server: Server): Promise<{ readonly port: number; close(): Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Two entries a page, so that the list has pages. */
function sendTree(
  contents: ReadonlyMap<string, Uint8Array>,
  url: URL,
  json: (value: unknown, status?: number, extra?: object) => void,
) {
  const entries = [...contents].map(([path, bytes]) => {
    const lfs = isLarge(path) ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 } } : {};
    return { type: "file", oid: gitHash(bytes), size: bytes.length, path, ...lfs };
  });
  const folders = [
    ...new Set([...contents.keys()].filter((path) => path.includes("/")).map((path) => path.split("/")[0])),
  ];
  const all = [...folders.map((path) => ({ type: "directory", oid: "0".repeat(40), size: 0, path })), ...entries];
  const from = Number(url.searchParams.get("cursor") ?? 0);
  const next = new URL(url);
  next.searchParams.set("cursor", String(from + 2));
  const link = from + 2 < all.length ? { link: `<${next.pathname}${next.search}>; rel="next"` } : {};
  json(all.slice(from, from + 2), 200, link);
}

/** All of a file, or the part from where the request says on. */
export function sendFile(request: IncomingMessage, response: ServerResponse, body: Uint8Array): void {
  const [, start] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
  const type = { "content-type": "application/octet-stream", "accept-ranges": "bytes" };
  if (start === undefined) {
    response.writeHead(200, { ...type, "content-length": body.length }).end(body);
    return;
  }
  const from = Number(start);
  if (from >= body.length) {
    response.writeHead(416, { "content-range": `bytes */${body.length}` }).end();
    return;
  }
  const range = `bytes ${from}-${body.length - 1}/${body.length}`;
  const rest = body.subarray(from);
  response.writeHead(206, { ...type, "content-range": range, "content-length": rest.length }).end(rest);
}

/** Sends the first bytes of what was asked for and breaks the connection; of these as many arrive as are read until then. */
export function sendAndCut(request: IncomingMessage, response: ServerResponse, body: Uint8Array, bytes: number): void {
  const [, start = "0"] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
  const rest = body.subarray(Number(start));
  const status = start === "0" ? 200 : 206;
  const range = { "content-range": `bytes ${start}-${body.length - 1}/${body.length}` };
  response.writeHead(status, { "content-length": rest.length, ...(status === 206 && range) });
  response.write(rest.subarray(0, bytes), () => setTimeout(() => response.destroy(), 150));
}
