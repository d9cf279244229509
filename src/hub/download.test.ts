import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Mischief, noise, sendAndCut, sendFile } from "../../test/support/fake-hub.ts";
import { answer, atWeights, blob, commit, impatient, net, useHubCache, weights } from "../../test/support/hub-cache.ts";
import { InputError } from "../errors.ts";
import { nodePlatform as platform } from "../platform/node.ts";

const box = useHubCache();
const { get, files, fetches, blobBytes, expectRefusal } = box;
const part = `${net}/blobs/${blob}.tessera.incomplete`;

test("a connection that is cut in the middle is gone on with", async () => {
  box.hub.misbehave(
    "file",
    atWeights((...of) => sendAndCut(...of, 100_000)),
  );
  await get("lab/net");
  const starts = fetches().flatMap((line) => /model\.safetensors(?: bytes=(\d+)-)?$/.exec(line)?.[1] ?? []);
  expect(starts.length).toBeGreaterThan(1);
  expect(starts.map(Number)).toEqual([...starts].map(Number).sort((a, b) => a - b));
  expect(blobBytes().equals(weights)).toBe(true);
});

test("a server that knows no ranges begins again", async () => {
  let times = 0;
  box.hub.misbehave(
    "file",
    atWeights((request, response, body) => {
      if (++times === 1) sendAndCut(request, response, body, 100_000);
      else response.writeHead(200, { "content-length": body.length }).end(body);
    }),
  );
  await get("lab/net");
  expect(blobBytes().equals(weights)).toBe(true);
});

test.each([
  ["500", 500, {}],
  ["429 with Retry-After", 429, { "retry-after": "1" }],
  ["429 with a date", 429, { "retry-after": new Date(0).toUTCString() }],
  ["503", 503, {}],
])("%s is tried again", async (_, status, headers) => {
  let times = 0;
  const started = Date.now();
  box.hub.misbehave("file", (_, response) => {
    if (++times > 1) return false;
    response.writeHead(status, headers).end();
    return true;
  });
  await get("lab/net");
  if ("retry-after" in headers && headers["retry-after"] === "1") expect(Date.now() - started).toBeGreaterThan(990);
  expect(blobBytes().equals(weights)).toBe(true);
});

test("a server that hangs is asked again", async () => {
  let times = 0;
  box.hub.misbehave("file", (_, response, body) => {
    if (++times > 2) return false;
    if (times === 2) response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, 7));
    return true;
  });
  await get("lab/net", impatient);
  expect(blobBytes().equals(weights)).toBe(true);
});

test("redirects are followed", async () => {
  box.hub.misbehave("file", (request, response) => {
    if (request.url?.includes("moved")) return false;
    response.writeHead(307, { location: `${request.url}?moved` }).end();
    return true;
  });
  await get("lab/net");
  expect(blobBytes().equals(weights)).toBe(true);
});

test.each([
  ["what is right so far", weights.subarray(0, 120_000), "bytes=120000-"],
  ["what is not", noise(120_000, 9), undefined],
  ["too much", noise(400_000, 9), undefined],
  ["all of it", weights, null],
])("a part from an earlier try: %s", async (_, left, last) => {
  await mkdir(join(box.cache, net, "blobs"), { recursive: true });
  await writeFile(join(box.cache, part), left);
  await get("lab/net:model.safetensors");
  const lines = fetches().filter((line) => line.includes("model.safetensors"));
  const path = `GET /lab/net/resolve/${commit}/model.safetensors`;
  if (last === null) expect(lines).toEqual([]);
  else expect(lines.at(-1)).toBe(last === undefined ? path : `${path} ${last}`);
  expect(blobBytes().equals(weights)).toBe(true);
  expect(Object.keys(files()).filter((path) => /incomplete|part/.test(path))).toEqual([]);
});

test.each([
  ["where another begins", `bytes 7-${weights.length - 1}/${weights.length}`],
  ["of a file of another size", `bytes 120000-${weights.length}/${weights.length + 1}`],
  ["of nothing known", "lines 1-2"],
])("a server that sends a part %s is asked for all of it", async (_, range) => {
  await mkdir(join(box.cache, net, "blobs"), { recursive: true });
  await writeFile(join(box.cache, part), weights.subarray(0, 120_000));
  box.hub.misbehave("file", (request, response, body) => {
    if (request.headers.range === undefined) return false;
    response.writeHead(206, { "content-range": range }).end(body.subarray(120_000));
    return true;
  });
  await get("lab/net:model.safetensors");
  expect(fetches().filter((line) => line.includes("model.safetensors"))).toEqual([
    `GET /lab/net/resolve/${commit}/model.safetensors bytes=120000-`,
    `GET /lab/net/resolve/${commit}/model.safetensors`,
  ]);
  expect(blobBytes().equals(weights)).toBe(true);
});

test("a server that says it sends what is missing and does not is asked for all of it", async () => {
  await mkdir(join(box.cache, net, "blobs"), { recursive: true });
  await writeFile(join(box.cache, part), weights.subarray(0, 120_000));
  box.hub.misbehave("file", (request, response, body) => {
    if (request.headers.range === undefined) return false;
    sendFile(request, response, noise(body.length, 6));
    return true;
  });
  await get("lab/net:model.safetensors");
  expect(blobBytes().equals(weights)).toBe(true);
});

test.skipIf(process.platform === "win32")("a part that is a link is not written through", async () => {
  const outside = join(box.home, "outside");
  await writeFile(outside, weights.subarray(0, 10));
  await mkdir(join(box.cache, net, "blobs"), { recursive: true });
  await symlink(outside, join(box.cache, part));
  await expect(get("lab/net:model.safetensors")).rejects.toThrow(
    /incomplete: .*, got a symbolic link .*Remove the link\./,
  );
  expect(readFileSync(outside).length).toBe(10);
});

test("a part that Python left is gone on with, and stays while somebody may be writing it", async () => {
  const theirs = join(box.cache, net, "blobs", `${blob}.incomplete`);
  await mkdir(join(box.cache, net, "blobs"), { recursive: true });
  await writeFile(theirs, weights.subarray(0, 50_000));
  await get("lab/net:model.safetensors");
  expect(fetches()).toContain(`GET /lab/net/resolve/${commit}/model.safetensors bytes=50000-`);
  expect(existsSync(theirs)).toBe(true);
  expect(blobBytes().equals(weights)).toBe(true);
});

test("a blob of another size than the hub lists is fetched anew", async () => {
  await get("lab/net");
  await writeFile(join(box.cache, net, "blobs", blob), weights.subarray(0, 10));
  await get("lab/net");
  expect(blobBytes().equals(weights)).toBe(true);
});

test("a link that leads nowhere is made anew", async () => {
  await get("lab/net");
  await rm(join(box.cache, net, "blobs", blob));
  const { weights: paths } = await get("lab/net");
  expect(readFileSync(paths[0]).equals(weights)).toBe(true);
});

test("many at once fetch a file once", async () => {
  await Promise.all(Array.from({ length: 4 }, () => get("lab/net")));
  expect(fetches().filter((line) => line.includes("model.safetensors"))).toHaveLength(1);
});

test.each([
  [
    "HTML with 200",
    answer(200, { "content-type": "text/html" }, "<html>log in</html>"),
    /:model\.safetensors: expected the file, got a page in HTML/,
  ],
  [
    "a length that is not the listed one",
    answer(200, { "content-length": 5 }, "12345"),
    /expected 300000 bytes, got 5\. /,
  ],
  [
    "more bytes than listed",
    (_, response, body) => {
      response.writeHead(200).write(body);
      response.end("more");
      return true;
    },
    /expected 300000 bytes, got more\. /,
  ],
  [
    "other bytes of that length",
    (_, response) => {
      response.writeHead(200).end(noise(weights.length, 5));
      return true;
    },
    new RegExp(`expected bytes of SHA-256 ${blob.slice(0, 12)}…, got others`),
  ],
  [
    "a part that nobody asked for",
    answer(206, { "content-range": `bytes 7-11/${weights.length}` }, "12345"),
    /expected 300000 bytes, got a part \(bytes 7-11\/300000\)\. /,
  ],
  [
    "headers beyond measure",
    answer(200, { "x-long": "x".repeat(100_000) }),
    /got a connection that broke \(Headers Overflow Error\), 4 times/,
  ],
  ["401", answer(401), /got a missing, private or gated repository \(status 401\)/],
  [
    "403 of a gated one",
    answer(403, { "x-error-code": "GatedRepo" }),
    /a gated repository \(status 403\)\. Accept its terms at http.*lab\/net/,
  ],
  ["404", answer(404), /got nothing there \(status 404\)/],
  ["418", answer(418), /got status 418 from http/],
  ["204", answer(204), /expected the file, got status 204/],
  [
    "a long Retry-After",
    answer(429, { "retry-after": "3600" }),
    /got status 429 \(too many requests\)\. Try again in 3600 s\./,
  ],
  [
    "redirects in a circle",
    (request, response) => answer(302, { location: request.url ?? "" })(request, response, weights),
    /got redirects without end/,
  ],
  ["500 each time", answer(500), /got status 500, 4 times\. Try again later/],
  ["silence each time", () => true, /got nothing for 0\.3 s, 2 times/],
] satisfies readonly (readonly [name: string, mischief: Mischief, message: RegExp])[])(
  "a file ends in one clear line, with nothing half-written: %s",
  async (name, mischief, message) => {
    box.hub.misbehave("file", mischief);
    await expectRefusal(get("lab/net", name.startsWith("silence") ? impatient : {}), message);
  },
);

test("a connection that is cut for good: what came is kept as a part, and gone on with", async () => {
  let times = 0;
  box.hub.misbehave(
    "file",
    atWeights((request, response, body) => {
      if (++times === 1) sendAndCut(request, response, body, 100_000);
      else response.destroy();
    }),
  );
  await expect(get("lab/net:model.safetensors")).rejects.toThrow(/got a connection that broke .*times/);
  const size = files()[part];
  expect(size).toBeGreaterThan(0);
  expect(files()).toEqual({ [part]: size });
  await expect(get("lab/net:model.safetensors", { HF_HUB_OFFLINE: "1" })).rejects.toThrow(/got none|got one without/);
  box.hub.misbehave("file", null);
  box.hub.requests.length = 0;
  await get("lab/net:model.safetensors");
  expect(fetches()[0]).toBe(`GET /lab/net/resolve/${commit}/model.safetensors bytes=${size}-`);
});

test("a body that ends too early each time", async () => {
  box.hub.misbehave("file", (_, response, body) => {
    response.writeHead(200).end(body.subarray(0, 1000));
    return true;
  });
  await expect(get("lab/net")).rejects.toThrow(/:model\.safetensors: .*got 1000 of 300000 bytes, \d times/);
  expect(files()).toEqual({ [part]: 1000 });
});

test("a disk that is full", async () => {
  const openPart = async (path: string) => ({
    ...(await platform.shared.openPart(path)),
    write: () => Promise.reject(new InputError(`${path}: expected to write a file, got a full disk. Free some space.`)),
  });
  const full = { ...platform, shared: { ...platform.shared, openPart } };
  await expect(get("lab/net", {}, { platform: full })).rejects.toThrow(/got a full disk/);
  expect(files()).toEqual({});
});

test("a cache that is a file", async () => {
  await writeFile(join(box.home, "file"), "");
  await expect(get("lab/net", { HF_HUB_CACHE: join(box.home, "file") })).rejects.toThrow(InputError);
});

test("who stops it keeps the part", async () => {
  const stop = new AbortController();
  box.hub.misbehave(
    "file",
    atWeights((_, response, body) => {
      response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, 1000));
    }),
  );
  const onProgress = (done: number) => {
    if (done === 1000) stop.abort(new Error("stopped"));
  };
  const fetched = get("lab/net:model.safetensors", {}, { signal: stop.signal, onProgress });
  await expect(fetched).rejects.toThrow("stopped");
  expect(files()).toEqual({ [part]: 1000 });
  expect(readdirSync(join(box.cache, ".locks", net))).toEqual([]);
});
