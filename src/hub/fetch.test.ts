import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  blobName,
  commitOf,
  type FakeHub,
  gitHash,
  noise,
  sendAndCut,
  sendFile,
  sha256,
  startFakeHub,
} from "../../test/support/fake-hub.ts";
import { InputError } from "../errors.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { type FetchOptions, fetchModel } from "./fetch.ts";

const weights = noise(300_000);
const card = "---\nlicense: apache-2.0\n---\n# A model\n";
const index = JSON.stringify({ metadata: {}, weight_map: { a: "model-2.safetensors", b: "model-1.safetensors" } });
const repositories = {
  "lab/net": {
    files: { "model.safetensors": weights, "pytorch_model.bin": "another", "config.json": "{}", "README.md": card },
    card: { license: "apache-2.0" },
    refs: ["v1", "refs/pr/1"],
  },
  "lab/parts": {
    files: {
      "model.safetensors.index.json": index,
      "model-1.safetensors": noise(500, 2),
      "model-2.safetensors": noise(400, 3),
    },
    card: { license: "other", license_name: "lab-terms", license_link: "https://lab.example/terms" },
  },
  "lab/many": { files: { "small.pth": "s", "large.pth": "l", "README.md": "# No licence" } },
  "lab/onnx": {
    files: { "onnx/model.onnx": "graph", "onnx/model.onnx_data": "numbers", LICENSE: "words", "a b/ü.npz": "z" },
  },
  "lab/gated": { files: { "model.safetensors": weights }, card: { license: "mit" }, gated: "hf_secret" },
  "lab/empty": { files: { "model.safetensors": "", "README.md": card } },
};

let hub: FakeHub;
/** An address where nobody listens. */
let nobody: string;
let home: string;
let cache: string;
const environment = () => ({ HF_HOME: home, HF_ENDPOINT: hub.endpoint, HF_HUB_DOWNLOAD_TIMEOUT: "2" });
/** For what hangs, so that it is over soon. */
const impatient = { HF_HUB_DOWNLOAD_TIMEOUT: "0.3" };
const get = (name: string, extra: Record<string, string> = {}, options: Partial<FetchOptions> = {}) =>
  fetchModel(name, { platform, environment: { ...environment(), ...extra }, ...options });

beforeAll(async () => {
  hub = await startFakeHub(repositories);
  const gone = await startFakeHub({});
  nobody = gone.endpoint;
  await gone.close();
});
afterAll(() => hub.close());
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "tessera-hub-"));
  cache = join(home, "hub");
  hub.misbehave("api", null);
  hub.misbehave("file", null);
  hub.requests.length = 0;
  hub.headers.length = 0;
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Files in the cache by path, without locks; links as where they lead. */
function inCache(): Record<string, string | number> {
  if (!existsSync(cache)) return {};
  const found: Record<string, string | number> = {};
  for (const path of readdirSync(cache, { recursive: true, encoding: "utf8" }).sort()) {
    const facts = lstatSync(join(cache, path));
    if (facts.isSymbolicLink()) found[path] = `→ ${readlinkSync(join(cache, path))}`;
    else if (facts.isFile()) found[path] = facts.size;
  }
  return found;
}

const net = "models--lab--net";
const commit = commitOf("lab/net");
const blob = sha256(weights);
const fetches = () => hub.requests.filter((line) => line.includes("/resolve/"));

test("a model lies in the cache as huggingface_hub lays it out", async () => {
  const model = await get("lab/net");
  const folder = join(cache, net, "snapshots", commit);
  expect(model).toEqual({
    repository: "lab/net",
    revision: "main",
    commit,
    licence: "apache-2.0",
    folder,
    weights: [join(folder, "model.safetensors")],
    files: ["model.safetensors", "config.json", "README.md"].map((path) => join(folder, path)),
    config: join(folder, "config.json"),
    source: "hub",
  });
  const [configHash, cardHash] = [gitHash(Buffer.from("{}")), gitHash(Buffer.from(card))];
  expect(inCache()).toEqual({
    [`${net}/blobs/${blob}`]: weights.length,
    [`${net}/blobs/${configHash}`]: 2,
    [`${net}/blobs/${cardHash}`]: card.length,
    [`${net}/refs/main`]: 40,
    [`${net}/snapshots/${commit}/README.md`]: `→ ../../blobs/${cardHash}`,
    [`${net}/snapshots/${commit}/config.json`]: `→ ../../blobs/${configHash}`,
    [`${net}/snapshots/${commit}/model.safetensors`]: `→ ../../blobs/${blob}`,
  });
  expect(readFileSync(model.weights[0]).equals(weights)).toBe(true);
  expect(readFileSync(join(cache, net, "refs/main"), "utf8")).toBe(commit);
});

test("what lies in the cache is not fetched again", async () => {
  await get("lab/net");
  hub.requests.length = 0;
  expect((await get("lab/net@v1")).source).toBe("hub");
  expect(fetches()).toEqual([]);
  const model = await get(`lab/net@${commit}:model.safetensors`);
  expect(model).toMatchObject({ source: "hub", licence: "apache-2.0", commit });
  expect(fetches()).toEqual([]);
});

test("revisions with a slash are refs of that name", async () => {
  const model = await get("lab/net@refs/pr/1:pytorch_model.bin");
  expect(readFileSync(model.weights[0], "utf8")).toBe("another");
  expect(readFileSync(join(cache, net, "refs/refs/pr/1"), "utf8")).toBe(commit);
});

test("what Python left in the cache is used: offline, and with its licence", async () => {
  const folder = join(cache, net, "snapshots", commit);
  await mkdir(join(cache, net, "blobs"), { recursive: true });
  await mkdir(join(cache, net, "refs"));
  await mkdir(folder, { recursive: true });
  await writeFile(join(cache, net, "refs/main"), commit);
  await writeFile(join(cache, net, "blobs/aa"), weights);
  await writeFile(join(cache, net, "blobs/bb"), card);
  await symlink("../../blobs/aa", join(folder, "model.safetensors"));
  await symlink("../../blobs/bb", join(folder, "README.md"));
  await symlink("../../blobs/gone", join(folder, "pytorch_model.bin"));
  const seen: string[] = [];
  const onLicence = (licence: string) => seen.push(licence);
  const model = await get("lab/net", { HF_HUB_OFFLINE: "1" }, { onLicence });
  expect(model).toMatchObject({ source: "cache", licence: "apache-2.0", weights: [join(folder, "model.safetensors")] });
  expect(seen).toEqual(["apache-2.0"]);
  expect(hub.requests).toEqual([]);
  await expect(get("lab/net:pytorch_model.bin", { HF_HUB_OFFLINE: "yes" })).rejects.toThrow(
    /got one without pytorch_model\.bin/,
  );
});

test("weights in parts are fetched with their index", async () => {
  const model = await get("lab/parts");
  expect(model.weights.map((path) => path.slice(model.folder.length + 1))).toEqual([
    "model-1.safetensors",
    "model-2.safetensors",
  ]);
  expect(model.licence).toBe("other: lab-terms (https://lab.example/terms)");
  expect((await get("lab/parts", { HF_HUB_OFFLINE: "1" })).weights).toEqual(model.weights);
  await rm(model.weights[1]);
  await expect(get("lab/parts", { HF_HUB_OFFLINE: "1" })).rejects.toThrow(/got one without model-2\.safetensors/);
});

test("an ONNX model comes with its second file, and names may have spaces", async () => {
  const { files, folder, licence, weights } = await get("lab/onnx");
  expect(files.map((path) => path.slice(folder.length + 1)).sort()).toEqual([
    "LICENSE",
    "onnx/model.onnx",
    "onnx/model.onnx_data",
  ]);
  expect(licence).toBe("not stated");
  expect(readlinkSync(weights[0])).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\//);
  expect(readFileSync((await get("lab/onnx:a b/ü.npz")).weights[0], "utf8")).toBe("z");
});

test("an empty file is a file", async () => {
  const { weights } = await get("lab/empty");
  expect(readFileSync(weights[0]).length).toBe(0);
});

test("progress counts the bytes that are missing, and the licence is said before", async () => {
  const seen: (string | number)[] = [];
  await get("lab/net", {}, { onLicence: (licence) => seen.push(licence), onProgress: (done) => seen.push(done) });
  expect(seen[0]).toBe("apache-2.0");
  const numbers = seen.slice(1) as number[];
  expect(numbers.at(-1)).toBe(weights.length + 2 + card.length);
  expect([...numbers].sort((a, b) => a - b)).toEqual(numbers);
});

test("a token is sent to the hub and to nobody else", async () => {
  let authorization: string | undefined = "never asked";
  const other: Server = createServer((request, response) => {
    authorization = request.headers.authorization;
    sendFile(request, response, weights);
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const elsewhere = `http://localhost:${(other.address() as AddressInfo).port}/weights`;
  hub.misbehave("file", (_, response) => {
    response.writeHead(302, { location: elsewhere }).end();
    return true;
  });
  try {
    await get("lab/gated", { HF_TOKEN: "hf_secret" });
  } finally {
    other.closeAllConnections();
    other.close();
  }
  expect(hub.headers.map((each) => each.authorization)).toEqual(hub.headers.map(() => "Bearer hf_secret"));
  expect(authorization).toBeUndefined();
});

test("a gated model is fetched with a token, also with one that was saved by login", async () => {
  await writeFile(join(home, "token"), "hf_secret\n");
  expect((await get("lab/gated")).licence).toBe("mit");
});

describe("what goes wrong on the way and comes right", () => {
  test("a connection that is cut in the middle is gone on with", async () => {
    hub.misbehave("file", (request, response, body) => {
      if (body.length !== weights.length) return false;
      sendAndCut(request, response, body, 100_000);
      return true;
    });
    await get("lab/net");
    const starts = fetches().flatMap((line) => /model\.safetensors(?: bytes=(\d+)-)?$/.exec(line)?.[1] ?? []);
    expect(starts.length).toBeGreaterThan(1);
    expect(starts.map(Number)).toEqual([...starts].map(Number).sort((a, b) => a - b));
    expect(readFileSync(join(cache, net, "blobs", blob)).equals(weights)).toBe(true);
  });

  test("a server that knows no ranges begins again", async () => {
    let times = 0;
    hub.misbehave("file", (request, response, body) => {
      if (body.length !== weights.length) return false;
      if (++times === 1) sendAndCut(request, response, body, 100_000);
      else response.writeHead(200, { "content-length": body.length }).end(body);
      return true;
    });
    await get("lab/net");
    expect(readFileSync(join(cache, net, "blobs", blob)).equals(weights)).toBe(true);
  });

  test.each([
    ["500", 500, {}],
    ["429 with Retry-After", 429, { "retry-after": "1" }],
    ["429 with a date", 429, { "retry-after": new Date(0).toUTCString() }],
    ["503", 503, {}],
  ])("%s is tried again", async (_, status, headers) => {
    let times = 0;
    const started = Date.now();
    hub.misbehave("file", (_, response) => {
      if (++times > 1) return false;
      response.writeHead(status, headers).end();
      return true;
    });
    await get("lab/net");
    if ("retry-after" in headers && headers["retry-after"] === "1") expect(Date.now() - started).toBeGreaterThan(990);
    expect(readFileSync(join(cache, net, "blobs", blob)).equals(weights)).toBe(true);
  });

  test("a server that hangs is asked again", async () => {
    let times = 0;
    hub.misbehave("file", (_, response, body) => {
      if (++times > 2) return false;
      if (times === 2) response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, 7));
      return true;
    });
    await get("lab/net", impatient);
    expect(readFileSync(join(cache, net, "blobs", blob)).equals(weights)).toBe(true);
  });

  test("redirects are followed", async () => {
    hub.misbehave("file", (request, response) => {
      if (request.url?.includes("moved")) return false;
      response.writeHead(307, { location: `${request.url}?moved` }).end();
      return true;
    });
    await get("lab/net");
    expect(readFileSync(join(cache, net, "blobs", blob)).equals(weights)).toBe(true);
  });

  test.each([
    ["what is right so far", weights.subarray(0, 120_000), "bytes=120000-"],
    ["what is not", noise(120_000, 9), undefined],
    ["too much", noise(400_000, 9), undefined],
    ["all of it", weights, null],
  ])("a part from an earlier try: %s", async (_, left, last) => {
    await mkdir(join(cache, net, "blobs"), { recursive: true });
    await writeFile(join(cache, net, "blobs", `${blob}.tessera.incomplete`), left);
    await get("lab/net:model.safetensors");
    const lines = fetches().filter((line) => line.includes("model.safetensors"));
    const path = `GET /lab/net/resolve/${commit}/model.safetensors`;
    if (last === null) expect(lines).toEqual([]);
    else expect(lines.at(-1)).toBe(last === undefined ? path : `${path} ${last}`);
    expect(readFileSync(join(cache, net, "blobs", blob)).equals(weights)).toBe(true);
    expect(Object.keys(inCache()).filter((path) => /incomplete|part/.test(path))).toEqual([]);
  });

  test("a part that Python left is gone on with, and stays while somebody may be writing it", async () => {
    const theirs = join(cache, net, "blobs", `${blob}.incomplete`);
    await mkdir(join(cache, net, "blobs"), { recursive: true });
    await writeFile(theirs, weights.subarray(0, 50_000));
    await get("lab/net:model.safetensors");
    expect(fetches()).toContain(`GET /lab/net/resolve/${commit}/model.safetensors bytes=50000-`);
    expect(existsSync(theirs)).toBe(true);
    expect(readFileSync(join(cache, net, "blobs", blob)).equals(weights)).toBe(true);
  });

  test("a blob of another size than the hub lists is fetched anew", async () => {
    await get("lab/net");
    await writeFile(join(cache, net, "blobs", blob), weights.subarray(0, 10));
    await get("lab/net");
    expect(readFileSync(join(cache, net, "blobs", blob)).equals(weights)).toBe(true);
  });

  test("a link that leads nowhere is made anew", async () => {
    await get("lab/net");
    await rm(join(cache, net, "blobs", blob));
    const { weights: paths } = await get("lab/net");
    expect(readFileSync(paths[0]).equals(weights)).toBe(true);
  });

  test("many at once fetch a file once", async () => {
    await Promise.all(Array.from({ length: 4 }, () => get("lab/net")));
    expect(fetches().filter((line) => line.includes("model.safetensors"))).toHaveLength(1);
  });

  test("a hub that does not answer is no reason to stop where the cache has the model", async () => {
    await get("lab/net");
    hub.misbehave("api", (_, response) => {
      response.writeHead(503).end();
      return true;
    });
    expect(await get("lab/net")).toMatchObject({ source: "cache", licence: "apache-2.0", commit });
    expect(await get("lab/net", { HF_ENDPOINT: nobody })).toMatchObject({ source: "cache" });
  });
});

describe("what ends in one clear line, with nothing half-written", () => {
  const answer =
    (status: number, headers: Record<string, string | number> = {}, body = "") =>
    (...[, response]: Parameters<Parameters<FakeHub["misbehave"]>[1] & object>) => {
      response.writeHead(status, headers).end(body);
      return true;
    };
  const html = { "content-type": "text/html" };

  test.each([
    [
      "file",
      "HTML with 200",
      answer(200, html, "<html>log in</html>"),
      /:model\.safetensors: expected the file, got a page in HTML/,
    ],
    [
      "file",
      "a length that is not the listed one",
      answer(200, { "content-length": 5 }, "12345"),
      /expected 300000 bytes, got 5\. /,
    ],
    [
      "file",
      "more bytes than listed",
      (_, response, body) => {
        response.writeHead(200).write(body);
        response.end("more");
        return true;
      },
      /expected 300000 bytes, got more\. /,
    ],
    [
      "file",
      "other bytes of that length",
      (_, response) => {
        response.writeHead(200).end(noise(weights.length, 5));
        return true;
      },
      new RegExp(`expected bytes of SHA-256 ${blob.slice(0, 12)}…, got others`),
    ],
    ["file", "401", answer(401), /got a missing, private or gated repository \(status 401\)/],
    [
      "file",
      "403 of a gated one",
      answer(403, { "x-error-code": "GatedRepo" }),
      /a gated repository \(status 403\)\. Accept its terms at http.*lab\/net/,
    ],
    ["file", "404", answer(404), /got nothing there \(status 404\)/],
    ["file", "418", answer(418), /got status 418 from http/],
    ["file", "204", answer(204), /expected the file, got status 204/],
    [
      "file",
      "a long Retry-After",
      answer(429, { "retry-after": "3600" }),
      /got status 429 \(too many requests\)\. Try again in 3600 s\./,
    ],
    [
      "file",
      "redirects in a circle",
      (request, response) => answer(302, { location: request.url ?? "" })(request, response, weights),
      /got redirects without end/,
    ],
    ["file", "500 each time", answer(500), /got status 500, 4 times\. Try again later/],
    ["file", "silence each time", () => true, /got nothing for 0\.3 s, 2 times/],
    [
      "api",
      "HTML with 200",
      answer(200, html, "<html>"),
      /^lab\/net: expected an answer in JSON from http.*, got text\/html\. /,
    ],
    [
      "api",
      "HTML that says it is JSON",
      answer(200, { "content-type": "application/json" }, "<html>"),
      /in JSON from .*, got "<html>"\. /,
    ],
    [
      "api",
      "JSON of something else",
      answer(200, { "content-type": "application/json" }, "{}"),
      /expected a commit of 40 digits from the hub, got none/,
    ],
    [
      "api",
      "JSON of a path as commit",
      answer(200, { "content-type": "application/json" }, '{"sha":"../../../x"}'),
      /expected a commit of 40 digits/,
    ],
    [
      "api",
      "401",
      answer(401),
      /^lab\/net: .*got a missing, private or gated repository \(status 401\)\. Check the name; if it is right/,
    ],
    ["api", "404", answer(404), /^lab\/net: expected a model on the hub, got nothing there \(status 404\)/],
    ["api", "429 each time", answer(429, { "retry-after": "0" }), /got status 429 \(too many requests\), 4 times/],
    ["api", "500 each time", answer(500), /^lab\/net: expected an answer of http.*, got status 500, 4 times/],
    ["api", "silence each time", () => true, /got nothing for 0\.3 s, 2 times/],
  ] as readonly [kind: "file" | "api", name: string, mischief: Parameters<FakeHub["misbehave"]>[1], message: RegExp][])(
    "%s: %s",
    async (kind, name, mischief, message) => {
      hub.misbehave(kind, mischief);
      const silent = name.startsWith("silence") ? impatient : {};
      const error = await get("lab/net", silent).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message).toMatch(message);
      expect((error as InputError).message).not.toContain("\n");
      expect(inCache()).toEqual({});
    },
  );

  test("a connection that is cut for good: what came is kept as a part, and gone on with", async () => {
    let times = 0;
    hub.misbehave("file", (request, response, body) => {
      if (body.length !== weights.length) return false;
      if (++times === 1) sendAndCut(request, response, body, 100_000);
      else response.destroy();
      return true;
    });
    await expect(get("lab/net:model.safetensors")).rejects.toThrow(/got a connection that broke .*times/);
    const kept = Object.entries(inCache()).filter(([path]) => path.includes(blob));
    expect(kept.map(([path]) => path)).toEqual([`${net}/blobs/${blob}.tessera.incomplete`]);
    const [[, size]] = kept;
    expect(Object.keys(inCache()).some((path) => path.endsWith("snapshots/model.safetensors"))).toBe(false);
    await expect(get("lab/net:model.safetensors", { HF_HUB_OFFLINE: "1" })).rejects.toThrow(/got none|got one without/);
    hub.misbehave("file", null);
    hub.requests.length = 0;
    await get("lab/net:model.safetensors");
    expect(fetches()[0]).toBe(`GET /lab/net/resolve/${commit}/model.safetensors bytes=${size}-`);
  });

  test("a list of files that would lead out of the cache", async () => {
    hub.misbehave("api", (request, response) => {
      if (!request.url?.includes("/tree/")) return false;
      const entry = { type: "file", oid: "0".repeat(40), size: 1, path: "../../../evil" };
      answer(200, { "content-type": "application/json" }, JSON.stringify([entry]))(request, response, weights);
      return true;
    });
    await expect(get("lab/net")).rejects.toThrow(/expected names of files from the hub, got "\.\.\/\.\.\/\.\.\/evil"/);
    expect(inCache()).toEqual({});
  });

  test.each([
    [
      "lab/none",
      {},
      /^lab\/none: expected a model that may be fetched, got a missing, private or gated repository \(status 401\)/,
    ],
    ["lab/net@v9", {}, /^lab\/net@v9: expected a model on the hub, got no such revision/],
    [
      "lab/net:other.npz",
      {},
      /^lab\/net: expected a file other\.npz, got model\.safetensors, .*Name one: lab\/net:FILE/,
    ],
    [
      "lab/many",
      {},
      /^lab\/many: expected one file of weights, got small\.pth, large\.pth\. Name one: lab\/many:FILE\./,
    ],
    [
      "lab/gated",
      {},
      /^lab\/gated:model\.safetensors: .*a gated repository \(status 401\)\. Accept its terms at .*, then set HF_TOKEN\./,
    ],
    ["lab/gated", { HF_TOKEN: "hf_wrong" }, /a gated repository .* as the user of HF_TOKEN\./],
    [
      "lab/net",
      { HF_HUB_OFFLINE: "1" },
      /^lab\/net: expected a model in the cache .* while HF_HUB_OFFLINE is set, got none\. /,
    ],
    ["lab/net", { HF_ENDPOINT: "hub" }, /^HF_ENDPOINT: expected an address, got "hub"/],
    ["lab/net", { HF_TOKEN: "two words" }, /^HF_TOKEN: expected a token, got text with spaces/],
    ["lab/net", { HF_HUB_DOWNLOAD_TIMEOUT: "soon" }, /^HF_HUB_DOWNLOAD_TIMEOUT: expected a number of seconds/],
    ["just-a-name", {}, /^just-a-name: expected a model's name/],
  ])("%s %j", async (name, extra, message) => {
    const error = await get(name, extra).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toMatch(message);
    expect(inCache()).toEqual({});
  });

  test("a hub that is not there", async () => {
    const error = await get("lab/net", { HF_ENDPOINT: nobody }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toMatch(/^lab\/net: expected an answer of http.*, got none \(.*ECONNREFUSED/);
    expect(inCache()).toEqual({});
  });

  test("a body that ends too early each time", async () => {
    hub.misbehave("file", (_, response, body) => {
      response.writeHead(200).end(body.subarray(0, 1000));
      return true;
    });
    await expect(get("lab/net")).rejects.toThrow(/:model\.safetensors: .*got 1000 of 300000 bytes, \d times/);
    expect(inCache()).toEqual({ [`${net}/blobs/${blob}.tessera.incomplete`]: 1000 });
  });

  test("a disk that is full", async () => {
    const openPart = async (path: string) => ({
      ...(await platform.shared.openPart(path)),
      write: () =>
        Promise.reject(new InputError(`${path}: expected to write a file, got a full disk. Free some space.`)),
    });
    const full = { ...platform, shared: { ...platform.shared, openPart } };
    await expect(get("lab/net", {}, { platform: full })).rejects.toThrow(/got a full disk/);
    expect(inCache()).toEqual({});
  });

  test("a cache that is a file", async () => {
    await writeFile(join(home, "file"), "");
    await expect(get("lab/net", { HF_HUB_CACHE: join(home, "file") })).rejects.toThrow(InputError);
  });

  test("who stops it keeps the part", async () => {
    const stop = new AbortController();
    hub.misbehave("file", (_, response, body) => {
      if (body.length !== weights.length) return false;
      response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, 1000));
      setTimeout(() => stop.abort(new Error("stopped")), 300);
      return true;
    });
    await expect(get("lab/net:model.safetensors", {}, { signal: stop.signal })).rejects.toThrow("stopped");
    expect(inCache()[`${net}/blobs/${blob}.tessera.incomplete`]).toBe(1000);
    expect(blobName("model.safetensors", weights)).toBe(blob);
    expect(readdirSync(join(cache, ".locks", net))).toEqual([]);
  });
});
