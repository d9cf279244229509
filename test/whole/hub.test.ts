/** `tessera hub` as users run it, against a hub on this machine: one process, two at once, and a large file. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { float32 } from "../../src/array/ndarray.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { type Ended, expectOneLine, start, temporaryFolder } from "../support/cli.ts";
import { commitOf, type FakeHub, noise, sendAndCut, sendFile, sha256, startFakeHub } from "../support/fake-hub.ts";

const weights = noise(3_000_000);
const blob = sha256(weights);
const network = fileURLToPath(new URL("../goldens/ddep/transunet_tiny.pth", import.meta.url));
/** 200 MB of numbers in four tensors. */
const large = () => {
  const tensor = float32([12_500_000], new Float32Array(12_500_000).fill(0.5));
  return writeSafetensors({ a: tensor, b: tensor, c: tensor, d: tensor });
};

let hub: FakeHub;
let folder: string;
let cache: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  cache = `${folder}/hf/hub`;
  hub = await startFakeHub({
    "lab/net": {
      files: { "model.safetensors": weights, "README.md": "---\nlicense: mit\n---\n" },
      card: { license: "mit" },
      refs: ["v1"],
    },
    "lab/gated": { files: { "model.safetensors": weights }, gated: "hf_secret" },
    "lab/transunet": { files: { "tiny.pth": readFileSync(network) }, card: { license: "apache-2.0" } },
    "lab/large": { files: { "model.safetensors": large() }, card: { license: "mit" } },
  });
});
afterAll(async () => {
  await hub.close();
  await remove();
});
beforeEach(() => {
  hub.misbehave("file", null);
  hub.requests.length = 0;
});
afterEach(() => rm(`${folder}/hf`, { recursive: true, force: true }));

const environment = (extra: Record<string, string> = {}) => ({
  ...{ HF_HOME: `${folder}/hf`, HF_ENDPOINT: hub.endpoint, HF_TOKEN: "", HF_HUB_CACHE: "", HF_HUB_OFFLINE: "" },
  ...extra,
});
const run = (typed: string, extra: Record<string, string> = {}): Promise<Ended> =>
  start(["hub", ...typed.split(" ")], environment(extra)).ended;
const path = (name: string) => `${cache}/models--lab--net/snapshots/${commitOf("lab/net")}/${name}`;

test("get fetches a model, says its licence and where it lies; list and rm know it", async () => {
  const got = await run("get lab/net");
  expect(got).toEqual({ code: 0, out: `${path("model.safetensors")}\n`, error: "lab/net: licence mit\n" });
  expect(readFileSync(path("model.safetensors")).equals(weights)).toBe(true);
  expect((await run("get lab/net@v1 --json")).out).toContain('"licence": "mit"');
  const listed = await run("list");
  expect(listed.out).toMatch(/^lab\/net {2}main, v1 {2}[0-9a-f]{7} {2}3 MB {2}2 files\n1 model, 3 MB in .*hub\n$/);
  expect(JSON.parse((await run("list --json")).out).models[0]).toMatchObject({ repository: "lab/net" });
  expect((await run("get lab/net", { HF_HUB_OFFLINE: "1" })).error).toMatch(
    /licence mit\nlab\/net: taken from the cache/,
  );
  expect((await run("rm lab/net")).out).toMatch(/^lab\/net: removed, 3 MB freed in .*hub\n$/);
  expect((await run("list")).out).toMatch(/^0 models, 0 MB in/);
  expectOneLine(await run("rm lab/net"), /lab\/net: expected a model in .*, got none there/);
});

test("rm --all removes every model, and no data set", async () => {
  await run("get lab/net");
  await mkdir(`${cache}/datasets--lab--set`);
  expect((await run("rm --all")).out).toMatch(/^1 model: removed, 3 MB freed/);
  expect(readdirSync(cache).sort()).toEqual([".locks", "datasets--lab--set"]);
});

test.each([
  [2, "take lab/net", {}, /ACTION must be one of get, list, rm, got "take"/],
  [2, "get", {}, /MODEL is missing/],
  [2, "list lab/net", {}, /list does not take "lab\/net"/],
  [2, "rm", {}, /rm takes a MODEL or --all/],
  [2, "rm lab/net --all", {}, /rm takes a MODEL or --all/],
  [2, "rm lab/net:a.npz", {}, /rm takes a model or a revision of it, got a file/],
  [2, "get lab/net --all", {}, /--all goes with rm alone/],
  [1, "get net", {}, /net: expected a model's name/],
  [1, "get lab/none", {}, /lab\/none: .*a missing, private or gated repository/],
  [1, "get lab/gated", {}, /lab\/gated:model\.safetensors: .*a gated repository/],
  [1, "get lab/net", { HF_HUB_OFFLINE: "1" }, /lab\/net: expected a model in the cache/],
] as const)("exit %i: tessera hub %s", async (code, typed, extra, message) => {
  expectOneLine(await run(typed, extra), message, code);
  const left = existsSync(cache) ? readdirSync(cache, { recursive: true, encoding: "utf8" }) : [];
  expect(left.filter((name) => /blobs\/|refs\/|snapshots\//.test(name))).toEqual([]);
});

test("import takes a model by name, and its licence is kept in the run and in what is exported", async () => {
  const set = ["--set", "normGroups=4", "--set", "heads=4"];
  const typed = ["import", "lab/transunet", ...set, "--classes", "a,b,c,d,e", "--out", `${folder}/run`];
  const { code, error } = await start(typed, environment()).ended;
  expect({ code, error }).toEqual({ code: 0, error: "lab/transunet: licence apache-2.0\n" });
  const licence = `apache-2.0 (lab/transunet@${commitOf("lab/transunet").slice(0, 7)})`;
  expect(JSON.parse(readFileSync(`${folder}/run/run.json`, "utf8"))).toMatchObject({ licence });
  await start(["export", `${folder}/run`, "--out", `${folder}/model.onnx`]).ended;
  expect(readFileSync(`${folder}/model.onnx`, "latin1")).toContain(licence);
  const missing = start(["import", "lab/none", "--out", `${folder}/never`], environment());
  expectOneLine(await missing.ended, /lab\/none: .*a missing, private or gated repository/);
  expect(existsSync(`${folder}/never`)).toBe(false);
});

test("two processes at once fetch a file once, and both have it", async () => {
  hub.misbehave("file", (request, response, body) => {
    if (body.length !== weights.length) return false;
    setTimeout(() => sendFile(request, response, body), 1500);
    return true;
  });
  const both = await Promise.all([run("get lab/net"), run("get lab/net")]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(hub.requests.filter((line) => line.includes("model.safetensors"))).toHaveLength(1);
  expect(readFileSync(path("model.safetensors")).equals(weights)).toBe(true);
  expect(readdirSync(`${cache}/.locks/models--lab--net`)).toEqual([]);
});

/** Fetches `lab/net` and sends the process a signal when a third of the weights has come. */
async function cutInTheMiddle(signal: NodeJS.Signals): Promise<Ended> {
  const { process, ended } = start(["hub", "get", "lab/net"], environment());
  hub.misbehave("file", (_, response, body) => {
    if (body.length !== weights.length) return false;
    response
      .writeHead(200, { "content-length": body.length })
      .write(body.subarray(0, 1_000_000), () => setTimeout(() => process.kill(signal), 500));
    return true;
  });
  return ended;
}

test("what was killed in the middle is gone on with, and its lock holds nobody up", async () => {
  await cutInTheMiddle("SIGKILL");
  expect(existsSync(path("model.safetensors"))).toBe(false);
  hub.misbehave("file", null);
  hub.requests.length = 0;
  expect((await run("get lab/net")).code).toBe(0);
  expect(hub.requests.filter((line) => line.includes("model.safetensors"))[0]).toMatch(/bytes=\d{6,7}-$/);
  expect(readFileSync(`${cache}/models--lab--net/blobs/${blob}`).equals(weights)).toBe(true);
});

test("Ctrl-C ends it with 130 and keeps what came", async () => {
  const { code, error } = await cutInTheMiddle("SIGINT");
  expect(code).toBe(130);
  expect(error).toMatch(/tessera: interrupted\./);
  expect(readdirSync(`${cache}/models--lab--net/blobs`)).toEqual([`${blob}.tessera.incomplete`]);
  expect(readdirSync(`${cache}/.locks/models--lab--net`)).toEqual([]);
});

test("fetching, caching and loading 200 MB takes less than 600 MB, cut off or not", { timeout: 240_000 }, async () => {
  let times = 0;
  hub.misbehave("file", (request, response, body) => {
    if (++times > 1) return false;
    sendAndCut(request, response, body, 50_000_000);
    return true;
  });
  const library = new URL("../../dist/index.js", import.meta.url).href;
  const program = `
    import { fetchModel, nodePlatform, openWeights } from ${JSON.stringify(library)};
    const { weights } = await fetchModel("lab/large", { platform: nodePlatform });
    const { tensors } = await openWeights(nodePlatform, weights[0]);
    const count = Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);
    console.log(JSON.stringify({ count, megabytes: process.resourceUsage().maxRSS / 1024 }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...process.env, ...environment() },
  });
  const { count, megabytes } = JSON.parse(stdout) as { count: number; megabytes: number };
  expect(count).toBe(50_000_000);
  expect(megabytes).toBeLessThan(600);
});
