/** A hub on this machine with an empty cache for each test, and what tests ask of the two. */
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { InputError } from "../../src/errors.ts";
import { type FetchedModel, type FetchOptions, fetchModel } from "../../src/hub/fetch.ts";
import { nodePlatform } from "../../src/platform/node.ts";
import { commitOf, type FakeHub, type FakeRepository, type Mischief, noise, sha256, startFakeHub } from "./fake-hub.ts";

export const card = "---\nlicense: apache-2.0\n---\n# A model\n";
/** Those of `lab/net`, `model.safetensors`, and the name of their blob. */
export const weights = noise(300_000);
export const blob = sha256(weights);
/** The folder of `lab/net` in the cache, and the commit that it is at. */
export const net = "models--lab--net";
export const commit = commitOf("lab/net");

const labNet: FakeRepository = {
  files: { "model.safetensors": weights, "pytorch_model.bin": "another", "config.json": "{}", "README.md": card },
  card: { license: "apache-2.0" },
  refs: ["v1", "refs/pr/1"],
};

/** For what hangs, so that it is over soon. */
export const impatient = { HF_HUB_DOWNLOAD_TIMEOUT: "0.3" };

export interface HubCache {
  readonly hub: FakeHub;
  /** The folder that HF_HOME names, and the cache in it. */
  readonly home: string;
  readonly cache: string;
  get(name: string, environment?: Record<string, string>, options?: Partial<FetchOptions>): Promise<FetchedModel>;
  /** Files in the cache by path, without locks, with their size; links as where they lead. */
  files(): Record<string, string | number>;
  /** The bytes of the blob of `weights`. */
  blobBytes(): Buffer;
  /** Requests for files, so far. */
  fetches(): string[];
  /** Expects that a fetch ends in one line that says what to do, and leaves nothing in the cache. */
  expectRefusal(fetched: Promise<unknown>, message: RegExp): Promise<void>;
}

/** Starts the hub with `lab/net` and these for the tests of a file, each with a cache of its own. */
export function useHubCache(repositories: Readonly<Record<string, FakeRepository>> = {}): HubCache {
  let hub: FakeHub;
  let home: string;
  beforeAll(async () => {
    hub = await startFakeHub({ "lab/net": labNet, ...repositories });
  });
  afterAll(() => hub.close());
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "tessera-hub-"));
    hub.misbehave("api", null);
    hub.misbehave("file", null);
    hub.requests.length = 0;
    hub.headers.length = 0;
  });
  afterEach(() => rm(home, { recursive: true, force: true }));
  const cache = () => join(home, "hub");
  const files = () => {
    const found: Record<string, string | number> = {};
    if (!existsSync(cache())) return found;
    for (const path of readdirSync(cache(), { recursive: true, encoding: "utf8" }).sort()) {
      const facts = lstatSync(join(cache(), path));
      if (facts.isSymbolicLink()) found[path] = `→ ${readlinkSync(join(cache(), path))}`;
      else if (facts.isFile()) found[path] = facts.size;
    }
    return found;
  };
  return {
    get hub() {
      return hub;
    },
    get home() {
      return home;
    },
    get cache() {
      return cache();
    },
    get(name, extra = {}, options = {}) {
      const environment = { HF_HOME: home, HF_ENDPOINT: hub.endpoint, HF_HUB_DOWNLOAD_TIMEOUT: "1", ...extra };
      return fetchModel(name, { platform: nodePlatform, environment, ...options });
    },
    files,
    blobBytes: () => readFileSync(join(cache(), net, "blobs", blob)),
    fetches: () => hub.requests.filter((line) => line.includes("/resolve/")),
    async expectRefusal(fetched, message) {
      const error = await fetched.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message).toMatch(message);
      expect((error as InputError).message).toMatch(/^\S.*: expected .+, got .+\. [A-Z].*\.$/);
      expect(files()).toEqual({});
    },
  };
}

/** Answers with this status each time. */
export function answer(status: number, headers: Record<string, string | number> = {}, body = ""): Mischief {
  return (_, response) => {
    response.writeHead(status, headers).end(body);
    return true;
  };
}

/** Misbehaves as told where the weights are asked for, and sends the other files. */
export function atWeights(act: (...of: Parameters<Mischief>) => unknown): Mischief {
  return (request, response, body) => {
    if (body.length !== weights.length) return false;
    return act(request, response, body) !== false;
  };
}
