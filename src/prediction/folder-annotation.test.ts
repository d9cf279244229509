import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { ClassInfo } from "../data/sample.ts";
import { nodePlatform } from "../platform/node.ts";
import type { ModelCard } from "./model.ts";
import { predictFiles } from "./predict.ts";
import type { Segmenter } from "./segmenter.ts";

const classes: readonly ClassInfo[] = [
  { name: "sky", color: [1, 2, 3] },
  { name: "car", color: [4, 5, 6], thing: true },
];

/** Every photograph is one segment of the first class. */
function segmenterOf(kind: ModelCard["kind"], known = classes): Segmenter {
  const card = { kind, method: "m", recipe: "r", classes: known, version: "0" } as unknown as ModelCard;
  return {
    ...{ card, source: "run", close: async () => {} },
    async segment({ width, height }) {
      const [areas, size] = [known.map((_, index) => (index === 0 ? width * height : 0)), { width, height }];
      const labels = { ...size, data: new Uint8Array(width * height) };
      if (kind === "semantic") return { labels, areas };
      const segments = [{ id: 1, classIndex: 0, crowd: false, score: 0.5 }];
      return { labels, areas, panoptic: { ...size, data: new Uint32Array(width * height).fill(1), segments } };
    },
  };
}

let folder: string;
let out: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "tessera-annotation-"));
  out = join(folder, "out");
  for (const name of ["a", "b", "panoptic"]) {
    const image = { width: 4, height: 3, data: new Uint8Array(36).fill(90) };
    writeFileSync(join(folder, `${name}.png`), await nodePlatform.encodeImage(image, "png"));
  }
  return () => rmSync(folder, { recursive: true });
});

const predict = (names: readonly string[], segmenter = segmenterOf("panoptic"), options = {}) =>
  predictFiles(
    segmenter,
    nodePlatform,
    names.map((name) => join(folder, `${name}.png`)),
    out,
    options,
  );

/** Photograph and PNG of ids of each entry, after a look whether numbers agree. */
function listed(): string[] {
  const { images, annotations } = JSON.parse(readFileSync(join(out, "panoptic.json"), "utf8")) as {
    readonly images: { id: number; file_name: string }[];
    readonly annotations: { image_id: number; file_name: string; segments_info: object[] }[];
  };
  expect(annotations.map(({ image_id, segments_info }) => [image_id, segments_info.length])).toEqual(
    images.map(({ id }) => [id, 1]),
  );
  return images.map(({ file_name }, index) => `${file_name} ${annotations[index].file_name}`);
}

test("lists the photographs of earlier predictions, too", async () => {
  await predict(["a", "b"]);
  await predict(["a"]);
  expect(listed()).toEqual(["b.png b.panoptic.png", "a.png a.panoptic.png"]);
});

test("lists none whose ids are gone, and none twice", async () => {
  await predict(["a", "b"]);
  rmSync(join(out, "b.panoptic.png"));
  await predict(["a"]);
  expect(listed()).toEqual(["a.png a.panoptic.png"]);
});

test("has another name than the record of a photograph called panoptic", async () => {
  const { written } = await predict(["panoptic", "a"]);
  expect(written[0].record).toBe(`${out}/panoptic-2.json`);
  expect(listed()).toEqual(["panoptic.png panoptic-2.panoptic.png", "a.png a.panoptic.png"]);
});

test("lists what there is where a photograph cannot be read, or writing fails", async () => {
  await predict(["a", "b"]);
  writeFileSync(join(folder, "b.png"), "no picture");
  const { skipped } = await predict(["a", "b"], segmenterOf("panoptic"), { onBadImage: "skip" });
  expect([skipped.length, listed()]).toEqual([1, ["b.png b.panoptic.png", "a.png a.panoptic.png"]]);
  await expect(predict(["a", "b"])).rejects.toThrow("b.png");
  expect(listed().sort()).toEqual(["a.png a.panoptic.png", "b.png b.panoptic.png"]);
});

test("a prediction without segments takes those of its photographs away", async () => {
  await predict(["a", "b"]);
  await predict(["a"], segmenterOf("semantic"));
  expect(listed()).toEqual(["b.png b.panoptic.png"]);
  await predict(["b"], segmenterOf("semantic"), { overlay: false });
  expect(readdirSync(out)).toEqual(["a.json", "a.overlay.png", "a.png", "b.json", "b.png"]);
});

test("what is of another photograph is not taken for a stale file", async () => {
  writeFileSync(join(folder, "a.panoptic.png"), readFileSync(join(folder, "a.png")));
  await predict(["a"], segmenterOf("semantic"));
  await predict(["a.panoptic"], segmenterOf("semantic"));
  await predict(["a"], segmenterOf("semantic"));
  expect(readdirSync(out)).toContain("a.panoptic.png");
});

test("segments of other classes are replaced whole, or not at all", async () => {
  await predict(["a", "b"]);
  const other = segmenterOf("panoptic", [{ name: "sea", color: [1, 2, 3] }]);
  const before = readdirSync(out);
  await expect(predict(["a"], other)).rejects.toThrow(
    "panoptic.json: expected segments of the same classes, which the photographs can be added to, got others.",
  );
  expect([readdirSync(out), listed().length]).toEqual([before, 2]);
  await predict(["a", "b"], other);
  expect(listed()).toHaveLength(2);
});

const foreign = JSON.stringify({
  ...{
    info: { description: "Segments found by tessera predict" },
    categories: [],
    images: [null],
    annotations: [null],
  },
});

test.each(["{}", "no JSON", '{"info":{"description":"Segments found by tessera predict"},"images":[1]}', foreign])(
  "a file of another hand is kept: %s",
  async (text) => {
    mkdirSync(out);
    writeFileSync(join(out, "panoptic.json"), text);
    await expect(predict(["a"])).rejects.toThrow("panoptic.json: expected nothing, or an earlier result of predict");
    await predict(["a"], segmenterOf("semantic"));
    expect(readFileSync(join(out, "panoptic.json"), "utf8")).toBe(text);
  },
);
