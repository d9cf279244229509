import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { commitOf, type FakeHub, noise, sendAndCut, startFakeHub } from "../../test/support/fake-hub.ts";
import { InputError } from "../errors.ts";
import { fetchModel } from "./fetch-model.ts";

/** What we use of a browser's Cache. */
class FakeCache {
  readonly kept = new Map<string, Response>();
  async match(key: string): Promise<Response | undefined> {
    return this.kept.get(key)?.clone();
  }
  async put(key: string, response: Response): Promise<void> {
    this.kept.set(key, response);
  }
}

const weights = noise(200_000);
const index = JSON.stringify({ weight_map: { a: "model-2.safetensors", b: "model-1.safetensors" } });
let hub: FakeHub;
let cache: FakeCache;

beforeAll(async () => {
  hub = await startFakeHub({
    "lab/net": { files: { "model.safetensors": weights, "config.json": "{}" }, card: { license: "mit" } },
    "lab/parts": {
      files: { "model.safetensors.index.json": index, "model-1.safetensors": "one", "model-2.safetensors": "two" },
    },
    "lab/gated": { files: { "model.safetensors": weights }, gated: "hf_secret" },
  });
});
afterAll(() => hub.close());
beforeEach(() => {
  cache = new FakeCache();
  vi.stubGlobal("caches", { open: async () => cache });
  hub.misbehave("file", null);
  hub.misbehave("api", null);
  hub.requests.length = 0;
});
afterEach(() => vi.unstubAllGlobals());

const get = (name: string, options = {}) => fetchModel(name, { endpoint: hub.endpoint, ...options });
const fetches = () => hub.requests.filter((line) => line.includes("/resolve/"));

test("a model's bytes come with its licence, and are kept", async () => {
  const said: string[] = [];
  const model = await get("lab/net", { onLicence: (licence: string) => said.push(licence) });
  expect(said).toEqual(["mit"]);
  expect(model).toMatchObject({
    ...{ repository: "lab/net", revision: "main", commit: commitOf("lab/net"), licence: "mit", source: "hub" },
    weights: [{ path: "model.safetensors" }],
  });
  expect(Buffer.compare(model.weights[0].bytes, weights)).toBe(0);
  expect(model.files.map(({ path }) => path)).toEqual(["model.safetensors", "config.json"]);
  hub.requests.length = 0;
  expect(Buffer.compare((await get("lab/net")).weights[0].bytes, weights)).toBe(0);
  expect(fetches()).toEqual([]);
});

test("without the hub the cache does", async () => {
  await get("lab/net");
  hub.misbehave("api", (_, response) => {
    response.writeHead(429, { "retry-after": "3600" }).end();
    return true;
  });
  expect(await get("lab/net")).toMatchObject({ source: "cache", licence: "mit" });
  await expect(get("lab/parts")).rejects.toThrow(/got status 429/);
});

test("weights in parts come in order", async () => {
  const { weights: parts } = await get("lab/parts");
  expect(parts.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual(["one", "two"]);
});

test("what is cut off is gone on with", async () => {
  let times = 0;
  hub.misbehave("file", (request, response, body) => {
    if (++times > 1) return false;
    sendAndCut(request, response, body, 80_000);
    return true;
  });
  expect(Buffer.compare((await get("lab/net")).weights[0].bytes, weights)).toBe(0);
  expect(fetches()[1]).toMatch(/model\.safetensors bytes=\d+-$/);
});

test("other bytes than the hub lists are refused and not kept", async () => {
  hub.misbehave("file", (_, response) => {
    response.writeHead(200).end(noise(weights.length, 4));
    return true;
  });
  await expect(get("lab/net")).rejects.toThrow(/expected bytes of SHA-256 .*, got others/);
  expect(cache.kept.size).toBe(0);
});

test("a gated model needs a token", async () => {
  await expect(get("lab/gated")).rejects.toThrow(/a gated repository/);
  expect((await get("lab/gated", { token: "hf_secret" })).weights).toHaveLength(1);
});

test.each([
  ["lab/gated", {}, /a gated repository .*, then set token\./],
  ["lab/gated", { token: "hf_wrong" }, /a gated repository .* as the user of token\./],
  ["lab/none", {}, /a missing, private or gated repository .* and set token\./],
  ["lab/net", { token: "two words" }, /^token: expected a token/],
  ["lab/net", { endpoint: "hub" }, /^endpoint: expected an address, got "hub"/],
  [
    "lab/net",
    { endpoint: "http://127.0.0.1:9" },
    /expected an answer of .*, got none .*\. Check the connection and endpoint\./,
  ],
])("messages name the options of a page: %s %j", async (name, options, message) => {
  const error = await get(name, options).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).message).toMatch(message);
  expect((error as InputError).message).not.toMatch(/HF_/);
});

test("a browser without room keeps nothing, and the model is there", async () => {
  cache.put = () => Promise.reject(new DOMException("full", "QuotaExceededError"));
  expect((await get("lab/net")).weights).toHaveLength(1);
});

test("a browser without a cache keeps nothing, and the model is there", async () => {
  vi.stubGlobal("caches", { open: () => Promise.reject(new DOMException("private", "SecurityError")) });
  expect((await get("lab/net")).weights).toHaveLength(1);
  hub.misbehave("api", (_, response) => {
    response.writeHead(429, { "retry-after": "3600" }).end();
    return true;
  });
  await expect(get("lab/net")).rejects.toThrow(/got status 429/);
});

test("a page that is not secure is refused", async () => {
  vi.stubGlobal("caches", undefined);
  await expect(get("lab/net")).rejects.toThrow(InputError);
  await expect(get("lab/net")).rejects.toThrow(/Serve it over https/);
});
