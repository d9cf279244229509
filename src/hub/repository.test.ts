import { afterEach, expect, test, vi } from "vitest";
import { InputError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { describeRepository } from "./repository.ts";

const connection: Connection = {
  ...{ endpoint: "https://hub.example", token: "hf_secret", timeoutMs: 1000 },
  names: { endpoint: "HF_ENDPOINT", token: "HF_TOKEN" },
};
const commit = "1".repeat(40);

/** Every request so far: its address, and whom it says that it is from. */
let requests: { readonly url: string; readonly authorization: string | null }[] = [];
afterEach(() => {
  requests = [];
  vi.unstubAllGlobals();
});

/** What the hub says of a repository whose list has these pages; `next` is where it says that the one after is. */
function describeList(page: (number: number) => { readonly entries: string; readonly next?: string }) {
  vi.stubGlobal("fetch", async (url: string, { headers }: { readonly headers: Headers }) => {
    const { length } = requests;
    requests.push({ url, authorization: headers.get("authorization") });
    const { entries, next } = length === 0 ? { entries: JSON.stringify({ sha: commit }) } : page(length);
    const answered = new Response(entries, { headers: { "content-type": "application/json" } });
    if (next !== undefined) answered.headers.set("link", `<${next}>; rel="next"`);
    return answered;
  });
  return describeRepository(connection, { repository: "lab/net", revision: "main", file: null });
}

const entry = (path: string) => ({ type: "file", oid: "2".repeat(40), size: 4, path });

test("a list has pages, whose addresses may be relative", async () => {
  const pages = ["", "/api/models/lab/net/tree/x?cursor=2", "?cursor=3"];
  const { files } = await describeList((number) => ({
    entries: JSON.stringify([entry(`${number}.npz`)]),
    ...(number < pages.length && { next: pages[number] }),
  }));
  expect(files.map(({ path }) => path)).toEqual(["1.npz", "2.npz", "3.npz"]);
  expect(requests.slice(2).map(({ url }) => url)).toEqual([
    "https://hub.example/api/models/lab/net/tree/x?cursor=2",
    "https://hub.example/api/models/lab/net/tree/x?cursor=3",
  ]);
});

test("the token does not go to another host for the next page", async () => {
  await describeList((number) => ({ entries: "[]", ...(number === 1 && { next: "https://other.example/next" }) }));
  expect(requests.map(({ url, authorization }) => [new URL(url).host, authorization])).toEqual([
    ["hub.example", "Bearer hf_secret"],
    ["hub.example", "Bearer hf_secret"],
    ["other.example", null],
  ]);
});

const refused = async (described: Promise<unknown>, message: RegExp) => {
  await expect(described).rejects.toThrow(InputError);
  await expect(described).rejects.toThrow(message);
};

test.each([
  ["no address", "https://[", /expected the address of the next page from the hub, got "https:\/\/\["/],
  ["bytes of its own", "data:application/json,[]", /expected the address of the next page .*, got "data:/],
  ["a file", "file:///etc/passwd", /expected the address of the next page .*, got "file:/],
])("a list whose next page is %s is refused", async (_, next, message) => {
  await refused(
    describeList(() => ({ entries: "[]", next })),
    message,
  );
  expect(requests).toHaveLength(2);
});

const long = (bytes: number) => JSON.stringify([{ type: "x".repeat(bytes) }]);

test.each([
  ["without end", "[]", 1000, /expected a list of at most 1000 pages from the hub, got more/],
  ["of more than fits", long(16_000_000), 5, /expected at most 67108864 bytes in all from the hub, got more/],
  ["with a page that is too large", long(2 ** 24), 1, /expected at most 16777216 bytes of JSON from the hub, got more/],
])("a list %s is refused", async (_, entries, pages, message) => {
  await refused(
    describeList((number) => ({ entries, next: `?page=${number}` })),
    message,
  );
  expect(requests).toHaveLength(1 + pages);
});

test.each([
  ["a size", { size: -1 }],
  ["a size", { size: "4" }],
  ["a hash to check it by", { oid: "../../evil" }],
  ["a hash to check it by", { lfs: { oid: "2".repeat(40), size: 4 } }],
  ["a size", { lfs: 5 }],
  ["names of files", { path: 5 }],
])("a file without %s is refused: %j", async (expected, wrong) => {
  const entries = JSON.stringify([{ ...entry("model.npz"), ...wrong }]);
  await refused(
    describeList(() => ({ entries })),
    new RegExp(`expected ${expected} from the hub, got `),
  );
});
