import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checkEngine, checkImage, checkModel } from "../../test/support/check-model.ts";
import { InputError } from "../errors.ts";
import { formatColor } from "../image/color.ts";
import { nodePlatform } from "../platform/node.ts";
import type { Engine } from "../runtime/engine.ts";
import { predictFiles } from "./predict.ts";
import { openSegmenter, type Segmenter } from "./segmenter.ts";

let engine: Engine;
let segmenter: Segmenter;
let folder: string;
let photographs: string[];

beforeAll(async () => {
  engine = await checkEngine();
  segmenter = await openSegmenter(engine, checkModel());
});
afterAll(() => engine.close());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "tessera-predict-"));
  photographs = [];
  for (const [i, [width, height]] of [
    [40, 30],
    [61, 47],
    [20, 90],
    [33, 33],
    [50, 24],
  ].entries()) {
    photographs.push(join(folder, `photo${i}.png`));
    writeFileSync(photographs[i], await nodePlatform.encodeImage(checkImage(width, height, i), "png"));
  }
  return () => rmSync(folder, { recursive: true });
});

describe("predictFiles", () => {
  it("writes mask, overlay and record of each photograph, and nothing else", async () => {
    await predictFiles(segmenter, nodePlatform, photographs.slice(0, 2), join(folder, "out"));
    expect(readdirSync(join(folder, "out"))).toEqual([
      "photo0.json",
      "photo0.overlay.png",
      "photo0.png",
      "photo1.json",
      "photo1.overlay.png",
      "photo1.png",
    ]);
  });

  it("writes masks that hold the segmenter's labels and the classes' colours", async () => {
    const { written } = await predictFiles(segmenter, nodePlatform, photographs, join(folder, "out"));
    for (const [i, { mask }] of written.entries()) {
      const { data, palette } = await nodePlatform.decodeMask(mask);
      const { labels } = await segmenter.segment(await nodePlatform.decodeImage(photographs[i]));
      expect(Buffer.from(data)).toEqual(Buffer.from(labels.data));
      expect(palette).toEqual(segmenter.card.classes.map(({ color }) => color));
    }
  });

  it("writes overlays of the photograph's size", async () => {
    const { written } = await predictFiles(segmenter, nodePlatform, photographs.slice(1, 2), join(folder, "out"));
    expect(await nodePlatform.imageSize(written[0].overlay!)).toEqual({ width: 61, height: 47 });
  });

  it("records areas that add up to the photograph", async () => {
    const { written } = await predictFiles(segmenter, nodePlatform, photographs.slice(1, 2), join(folder, "out"));
    const record = JSON.parse(readFileSync(written[0].record, "utf8"));
    expect(record).toMatchObject({ image: photographs[1], width: 61, height: 47, model: { method: "checkmodel" } });
    const pixels = record.classes.reduce((sum: number, entry: { pixels: number }) => sum + entry.pixels, 0);
    expect(pixels).toBe(61 * 47);
    expect(record.classes[2].color).toBe(formatColor(segmenter.card.classes[2].color));
  });

  it("can leave overlays out", async () => {
    await predictFiles(segmenter, nodePlatform, photographs.slice(0, 1), join(folder, "out"), { overlay: false });
    expect(readdirSync(join(folder, "out"))).toEqual(["photo0.json", "photo0.png"]);
  });

  it("tells of the files that are there, and of no others", async () => {
    const out = join(folder, "out");
    const bare = await predictFiles(segmenter, nodePlatform, photographs.slice(0, 1), out, { overlay: false });
    const { summary: _, ...told } = bare.written[0];
    const base = `${out}/photo0`;
    expect(told).toEqual({ photograph: photographs[0], mask: `${base}.png`, record: `${base}.json`, forms: {} });
    const { written } = await predictFiles(segmenter, nodePlatform, photographs.slice(0, 1), out, { forms: ["svg"] });
    const { mask, record, overlay, segments, world, forms } = written[0];
    expect([segments, world]).toEqual([undefined, undefined]);
    expect([record, overlay, mask, forms.svg].map((file) => file!.slice(out.length + 1))).toEqual(readdirSync(out));
    expect(forms).toEqual({ svg: `${base}.svg` });
  });

  it("tells of every photograph", async () => {
    const seen: string[] = [];
    await predictFiles(segmenter, nodePlatform, photographs, join(folder, "out"), {
      onProgress: (done, total, photograph) => seen.push(`${done}/${total} ${photograph}`),
    });
    expect(seen.length).toBe(5);
    expect(seen.at(-1)).toMatch(/^5\/5 /);
  });

  it("goes on without photographs that cannot be read when asked to", async () => {
    writeFileSync(photographs[2], "not a picture");
    const result = await predictFiles(segmenter, nodePlatform, photographs, join(folder, "out"), {
      onBadImage: "skip",
    });
    expect(result.written.map(({ photograph }) => photograph)).toEqual(photographs.filter((_, i) => i !== 2));
    expect(result.skipped).toEqual([{ photograph: photographs[2], problem: expect.stringContaining("photo2.png") }]);
  });

  it("stops when asked to", async () => {
    const controller = new AbortController();
    const running = predictFiles(segmenter, nodePlatform, photographs, join(folder, "out"), {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(running).rejects.toThrow(/stopped/);
    const names = readdirSync(join(folder, "out"));
    expect(names.filter((name) => name.endsWith(".json")).length).toBeLessThan(5);
    expect(names.length % 3).toBe(0);
  });
});

describe("what must fail", () => {
  it("a photograph that cannot be read, leaving nothing half-written", async () => {
    writeFileSync(photographs[0], readFileSync(photographs[0]).subarray(0, 300));
    const running = predictFiles(segmenter, nodePlatform, photographs.slice(0, 1), join(folder, "out"));
    await expect(running).rejects.toThrow(/photo0.png: expected an intact photograph/);
    expect(await nodePlatform.exists(join(folder, "out"))).toBe("nothing");
  });

  it("a photograph that is not there", async () => {
    const running = predictFiles(segmenter, nodePlatform, [join(folder, "none.jpg")], join(folder, "out"));
    await expect(running).rejects.toThrow(/none.jpg/);
  });

  it("a folder that is a file", async () => {
    writeFileSync(join(folder, "out"), "");
    const running = predictFiles(segmenter, nodePlatform, photographs.slice(0, 1), join(folder, "out"));
    await expect(running).rejects.toThrow(/out/);
  });

  it("a disk that fills up, leaving no part of the photograph's files", async () => {
    const full: typeof nodePlatform = {
      ...nodePlatform,
      writeFile: (path, bytes) =>
        path.endsWith(".json")
          ? Promise.reject(new InputError(`${path}: disk full`))
          : nodePlatform.writeFile(path, bytes),
    };
    const running = predictFiles(segmenter, full, photographs.slice(0, 1), join(folder, "out"));
    await expect(running).rejects.toThrow(/disk full/);
    expect(readdirSync(join(folder, "out"))).toEqual([]);
  });

  it("the photographs' own folder", async () => {
    await expect(predictFiles(segmenter, nodePlatform, photographs, folder)).rejects.toThrow(/Choose another --out/);
  });
});
