import { readFileSync, readlinkSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { gitHash, type Mischief, noise, sendFile, serve, startFakeHub } from "../../test/support/fake-hub.ts";
import { answer, blob, card, commit, impatient, net, useHubCache, weights } from "../../test/support/hub-cache.ts";

const index = JSON.stringify({ metadata: {}, weight_map: { a: "model-2.safetensors", b: "model-1.safetensors" } });
const box = useHubCache({
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
});
const { get, files, fetches, expectRefusal } = box;

/** An address where nobody listens. */
let nobody: string;
beforeAll(async () => {
  const gone = await startFakeHub({});
  nobody = gone.endpoint;
  await gone.close();
});

test("a model lies in the cache as huggingface_hub lays it out", async () => {
  const model = await get("lab/net");
  const folder = join(box.cache, net, "snapshots", commit);
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
  expect(files()).toEqual({
    [`${net}/blobs/${blob}`]: weights.length,
    [`${net}/blobs/${configHash}`]: 2,
    [`${net}/blobs/${cardHash}`]: card.length,
    [`${net}/refs/main`]: 40,
    [`${net}/snapshots/${commit}/README.md`]: `→ ../../blobs/${cardHash}`,
    [`${net}/snapshots/${commit}/config.json`]: `→ ../../blobs/${configHash}`,
    [`${net}/snapshots/${commit}/model.safetensors`]: `→ ../../blobs/${blob}`,
  });
  expect(readFileSync(model.weights[0]).equals(weights)).toBe(true);
  expect(readFileSync(join(box.cache, net, "refs/main"), "utf8")).toBe(commit);
});

test("what lies in the cache is not fetched again", async () => {
  await get("lab/net");
  box.hub.requests.length = 0;
  expect((await get("lab/net@v1")).source).toBe("hub");
  expect(fetches()).toEqual([]);
  const model = await get(`lab/net@${commit}:model.safetensors`);
  expect(model).toMatchObject({ source: "hub", licence: "apache-2.0", commit });
  expect(fetches()).toEqual([]);
});

test("revisions with a slash are refs of that name", async () => {
  const model = await get("lab/net@refs/pr/1:pytorch_model.bin");
  expect(readFileSync(model.weights[0], "utf8")).toBe("another");
  expect(readFileSync(join(box.cache, net, "refs/refs/pr/1"), "utf8")).toBe(commit);
});

test("what Python left in the cache is used: offline, and with its licence", async () => {
  const folder = join(box.cache, net, "snapshots", commit);
  await mkdir(join(box.cache, net, "blobs"), { recursive: true });
  await mkdir(join(box.cache, net, "refs"));
  await mkdir(folder, { recursive: true });
  await writeFile(join(box.cache, net, "refs/main"), commit);
  await writeFile(join(box.cache, net, "blobs/aa"), weights);
  await writeFile(join(box.cache, net, "blobs/bb"), card);
  await symlink("../../blobs/aa", join(folder, "model.safetensors"));
  await symlink("../../blobs/bb", join(folder, "README.md"));
  await symlink("../../blobs/gone", join(folder, "pytorch_model.bin"));
  const seen: string[] = [];
  const onLicence = (licence: string) => seen.push(licence);
  const model = await get("lab/net", { HF_HUB_OFFLINE: "1" }, { onLicence });
  expect(model).toMatchObject({ source: "cache", licence: "apache-2.0", weights: [join(folder, "model.safetensors")] });
  expect(seen).toEqual(["apache-2.0"]);
  expect(box.hub.requests).toEqual([]);
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
  const other = await serve((request, response) => {
    authorization = request.headers.authorization;
    sendFile(request, response, weights);
  });
  box.hub.misbehave("file", answer(302, { location: `${other.address}/weights` }));
  await get("lab/gated", { HF_TOKEN: "hf_secret" }).finally(other.close);
  expect(new Set(box.hub.headers.map((each) => each.authorization))).toEqual(new Set(["Bearer hf_secret"]));
  expect(authorization).toBeUndefined();
});

test("a gated model is fetched with a token, also with one that was saved by login", async () => {
  await writeFile(join(box.home, "token"), "hf_secret\n");
  expect((await get("lab/gated")).licence).toBe("mit");
});

test("a hub that does not answer is no reason to stop where the cache has the model", async () => {
  await get("lab/net");
  box.hub.misbehave("api", answer(503));
  expect(await get("lab/net")).toMatchObject({ source: "cache", licence: "apache-2.0", commit });
  expect(await get("lab/net", { HF_ENDPOINT: nobody })).toMatchObject({ source: "cache" });
});

test.each([
  [
    "HTML with 200",
    answer(200, { "content-type": "text/html" }, "<html>"),
    /^lab\/net: expected an answer in JSON from http.*, got text\/html\. /,
  ],
  [
    "HTML that says it is JSON",
    answer(200, { "content-type": "application/json" }, "<html>"),
    /in JSON from .*, got "<html>"\. /,
  ],
  [
    "JSON of something else",
    answer(200, { "content-type": "application/json" }, "{}"),
    /expected a commit of 40 digits from the hub, got none/,
  ],
  [
    "JSON of a path as commit",
    answer(200, { "content-type": "application/json" }, '{"sha":"../../../x"}'),
    /expected a commit of 40 digits/,
  ],
  [
    "401",
    answer(401),
    /^lab\/net: .*got a missing, private or gated repository \(status 401\)\. Check the name; if it is right/,
  ],
  ["404", answer(404), /^lab\/net: expected a model on the hub, got nothing there \(status 404\)/],
  ["429 each time", answer(429, { "retry-after": "0" }), /got status 429 \(too many requests\), 4 times/],
  ["500 each time", answer(500), /^lab\/net: expected an answer of http.*, got status 500, 4 times/],
  ["silence each time", () => true, /got nothing for 0\.3 s, 2 times/],
] satisfies readonly (readonly [name: string, mischief: Mischief, message: RegExp])[])(
  "what the hub says of a model: %s",
  async (name, mischief, message) => {
    box.hub.misbehave("api", mischief);
    await expectRefusal(get("lab/net", name.startsWith("silence") ? impatient : {}), message);
  },
);

/** Lists files of these names, each of which is "evil". */
function listNames(...names: readonly string[]): void {
  const entries = names.map((path) => ({ type: "file", oid: gitHash(Buffer.from("evil")), size: 4, path }));
  box.hub.misbehave("api", (request, response, body) => {
    if (!request.url?.includes("/tree/")) return false;
    return answer(200, { "content-type": "application/json" }, JSON.stringify(entries))(request, response, body);
  });
  box.hub.misbehave("file", answer(200, {}, "evil"));
}

test.each(["../../../evil.npz", "/evil.npz", "a/../../evil.npz", "..\\..\\evil.npz", "C:evil.npz", "evil\n.npz"])(
  "a file of the name %j, which may lead out of the cache, is passed over",
  async (name) => {
    listNames(name);
    await expectRefusal(get("lab/net"), /^lab\/net: expected one file of weights, got an empty repository\. /);
    listNames(name, "model.npz");
    const model = await get("lab/net");
    expect(model.files).toEqual([join(model.folder, "model.npz")]);
    expect(Object.keys(files())).toHaveLength(3); // its blob, its link and the ref
  },
);

test.each([
  [
    "lab/none",
    {},
    /^lab\/none: expected a model that may be fetched, got a missing, private or gated repository \(status 401\)/,
  ],
  ["lab/net@v9", {}, /^lab\/net@v9: expected a model on the hub, got no such revision/],
  ["lab/net:other.npz", {}, /^lab\/net: expected a file other\.npz, got model\.safetensors, .*Name one: lab\/net:FILE/],
  ["lab/many", {}, /^lab\/many: expected one file of weights, got small\.pth, large\.pth\. Name one: lab\/many:FILE\./],
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
  await expectRefusal(get(name, extra), message);
});

test("a hub that is not there", async () => {
  await expectRefusal(
    get("lab/net", { HF_ENDPOINT: nobody }),
    /^lab\/net: expected an answer of http.*, got none \(.*ECONNREFUSED.*\)\. Check the connection and HF_ENDPOINT\.$/,
  );
});
