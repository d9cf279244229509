import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bareProbabilities, checkEngine, checkImage, checkModel } from "../../test/support/check-model.ts";
import { fromNumbers, type NdArray } from "../array/ndarray.ts";
import { flipImage } from "../image/flip.ts";
import type { Image } from "../image/image.ts";
import type { SemanticModel, WindowingName } from "../methods/model.ts";
import { decodeModel, encodeModel, type GraphProto } from "../onnx/wire.ts";
import { nodePlatform } from "../platform/node.ts";
import { crfSettings } from "../refinement/crf-settings.ts";
import type { Engine } from "../runtime/engine.ts";
import { writeLabels } from "./enlarge.ts";
import { exportModel } from "./export.ts";
import type { TrainedModel } from "./model.ts";
import { assemble } from "./pipeline/assemble.ts";
import { openPrograms } from "./programs.ts";
import { wholeScoreMap } from "./scores.ts";
import type { SegmentOptions } from "./segmentation.ts";
import { openExported, openSegmenter, type Segmenter } from "./segmenter.ts";
import { windowings } from "./windows.ts";

const trained = checkModel();
const names = Object.keys(windowings) as WindowingName[];
let folder: string;
let engine: Engine;
let segmenter: Segmenter;
let exported: Segmenter;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tessera-segmenter-"));
  engine = await checkEngine();
  segmenter = await openSegmenter(engine, trained);
  await exportModel(engine, nodePlatform, trained, join(folder, "model.onnx"));
  exported = await openExported(engine, nodePlatform, join(folder, "model.onnx"));
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

function share(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let equal = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) equal++;
  return equal / a.length;
}

const sizes: readonly [name: string, width: number, height: number, shortSide: number | undefined][] = [
  ["one window", 32, 24, undefined],
  ["one pixel", 1, 1, undefined],
  ["less than a window", 20, 13, undefined],
  ["a narrow strip", 3, 150, undefined],
  ["its own size", 61, 47, undefined],
  ["reduced", 150, 97, undefined],
  ["portrait, reduced", 70, 211, undefined],
  ["own size asked for", 100, 90, 0],
  ["enlarged", 40, 30, 66],
];

describe("segmenter", () => {
  it("gives one window what the network says of it", async () => {
    const image = checkImage(32, 24);
    const scores = await bareProbabilities(trained, image);
    const best = Array.from({ length: 24 * 32 }, (_, i) => {
      let winner = 0;
      for (let k = 1; k < 5; k++) if (scores[k * 768 + i] > scores[winner * 768 + i]) winner = k;
      return winner;
    });
    const { labels } = await segmenter.segment(image);
    expect(share(labels.data, best)).toBeGreaterThan(0.998);
  });

  it.each(sizes)("labels every pixel of the photograph: %s", async (_, width, height, shortSide) => {
    const { labels, areas } = await segmenter.segment(checkImage(width, height), { shortSide });
    expect([labels.width, labels.height, labels.data.length]).toEqual([width, height, width * height]);
    expect(areas.reduce((sum, area) => sum + area, 0)).toBe(width * height);
  });

  it.each(sizes)("gives the same labels from the exported file: %s", async (_, width, height, shortSide) => {
    const image = checkImage(width, height, 2);
    const mine = await segmenter.segment(image, { shortSide });
    const theirs = await exported.segment(image, { shortSide });
    expect(theirs.labels.data).toEqual(mine.labels.data);
  });

  it("uses several classes in its check pictures", async () => {
    const { areas } = await segmenter.segment(checkImage(150, 97));
    expect(areas.filter((area) => area > 200).length).toBeGreaterThan(2);
  });

  it("leaves the image as it is", async () => {
    const image = checkImage(61, 47);
    await segmenter.segment(image);
    expect(image.data).toEqual(checkImage(61, 47).data);
  });

  it.each([
    ["own size", 130, 111, 0],
    ["reduced", 301, 222, 111],
    ["long and thin", 400, 20, 0],
  ])("gives the same labels window by window as in one piece: %s", async (_, width, height, shortSide) => {
    const tiled = await openSegmenter(engine, trained, { pieceElements: 5 * 24 * 80 });
    const image = checkImage(width, height, 3);
    const whole = await segmenter.segment(image, { shortSide });
    const parts = await tiled.segment(image, { shortSide });
    await tiled.close();
    expect(parts.labels.data).toEqual(whole.labels.data);
  });

  it.each([
    ["enlarged threefold", 150, 141],
    ["reduced", 20, 30],
    ["own size", 48, 48],
  ])("labels on the host as in the graph: %s", async (_, width, height) => {
    const image = checkImage(width, height, 4);
    const graph = await segmenter.segment(image);
    const host = new Uint8Array(width * height);
    const model = await assemble(engine, trained);
    const programs = await openPrograms(engine, { file: null, model: async () => model });
    const options = { programs, card: segmenter.card, windowing: windowings.smooth };
    const map = await wholeScoreMap({ ...options, pieceElements: 1e9, piecePixels: 1e9 }, image, -48);
    const whole = { top: 0, bottom: height, left: 0, right: width };
    writeLabels(host, [height, width], whole, [map], 5);
    await programs.release();
    expect(host).toEqual(graph.labels.data);
  });

  it.each([
    ["reduced", {}],
    ["reduced and in strips", { shortSide: 80 }],
    ["own size", { shortSide: 0 }],
    ["mirrored", { flip: true }],
  ])("gives a large photograph the labels of a small one's way: %s", async (_, options) => {
    const large = await openSegmenter(engine, trained, { piecePixels: 10_000, pieceElements: 30_000 });
    const image = checkImage(151, 107, 7);
    const expected = await segmenter.segment(image, options);
    const result = await large.segment(image, options);
    await large.close();
    expect(share(result.labels.data, expected.labels.data)).toBeGreaterThan("flip" in options ? 0.999 : 0.999_999);
  });

  it("gives the same labels for the sum of two equal scales as for one", async () => {
    const image = checkImage(150, 97, 4);
    const one = await segmenter.segment(image);
    const two = await segmenter.segment(image, { scales: [1, 1] });
    expect(two.labels.data).toEqual(one.labels.data);
  });

  it("gives a mirrored image mirrored labels when it averages with the mirror image", async () => {
    const image = checkImage(64, 48, 5);
    const { labels } = await segmenter.segment(image, { flip: true });
    const mirrored = await segmenter.segment(flipImage(image), { flip: true });
    expect(
      share(flipImage({ ...labels, data: threefold(labels.data) }).data, threefold(mirrored.labels.data)),
    ).toBeGreaterThan(0.995);
  });

  it("averages scales", async () => {
    const image = checkImage(150, 97, 6);
    const one = await segmenter.segment(image);
    const several = await segmenter.segment(image, { scales: [0.75, 1, 1.5], flip: true });
    const agreement = share(one.labels.data, several.labels.data);
    expect(agreement).toBeGreaterThan(0.4);
    expect(agreement).toBeLessThan(1);
  });
});

/** Labels as a grey image, to be mirrored by the image's own function. */
function threefold(data: Uint8Array | Uint16Array): Uint8Array {
  return Uint8Array.from({ length: 3 * data.length }, (_, i) => data[Math.floor(i / 3)]);
}

describe("windows", () => {
  it("are smooth unless asked otherwise, and each choice gives its own labels", async () => {
    const image = checkImage(150, 97, 9);
    const label = async (windows?: WindowingName) => (await segmenter.segment(image, { windows })).labels.data;
    const [usual, smooth, even, tiles] = [await label(), ...(await Promise.all(names.map(label)))];
    expect(usual).toEqual(smooth);
    for (const [a, b] of [
      [smooth, even],
      [smooth, tiles],
      [even, tiles],
    ]) {
      expect(share(a, b)).toBeGreaterThan(0.8);
      expect(share(a, b)).toBeLessThan(1);
    }
  });

  it.each(names)("are the same in an exported file, large photographs included: %s", async (windows) => {
    const file = join(folder, "model.onnx");
    const large = await openExported(engine, nodePlatform, file, { piecePixels: 10_000, pieceElements: 5 * 24 * 80 });
    for (const shortSide of windows === "none" ? [undefined] : [undefined, 0, 30]) {
      const image = checkImage(151, 107, 7);
      const { labels } = await segmenter.segment(image, { windows, shortSide });
      expect((await exported.segment(image, { windows, shortSide })).labels.data).toEqual(labels.data);
      expect(share((await large.segment(image, { windows, shortSide })).labels.data, labels.data)).toBe(1);
    }
    await large.close();
  });

  it("average scales and the mirror image with each choice", async () => {
    const image = checkImage(150, 97, 6);
    for (const windows of names.filter((name) => name !== "none")) {
      const { areas } = await segmenter.segment(image, { windows, scales: [0.5, 1, 1.5], flip: true });
      expect(areas.reduce((sum, area) => sum + area, 0)).toBe(150 * 97);
    }
  });
});

describe("a model that says how it is windowed", () => {
  const exportOf = async (trained: TrainedModel) => {
    const file = join(folder, "own.onnx");
    await exportModel(engine, nodePlatform, trained, file);
    return openExported(engine, nodePlatform, file);
  };

  it.each(["halves", "tiles", "none"] as const)("is windowed so without being asked: %s", async (windowing) => {
    const trained = checkModel({ model: { windowing } });
    const own = await openSegmenter(engine, trained);
    for (const [width, height] of [
      [150, 97],
      [40, 90],
      [9, 5],
    ]) {
      const image = checkImage(width, height, 4);
      const asked = (await segmenter.segment(image, { windows: windowing })).labels;
      expect((await own.segment(image)).labels.data).toEqual(asked.data);
      const exported = await exportOf(trained);
      expect([exported.card.windowing, share((await exported.segment(image)).labels.data, asked.data)]).toEqual([
        windowing,
        1,
      ]);
      await exported.close();
    }
    await own.close();
  });

  it("has the only window that it takes, of a side that is no multiple of its stride", async () => {
    const model = { window: [25, 33] as const, remainder: 1 };
    const own = await openSegmenter(engine, checkModel({ model }));
    expect(own.card.window).toEqual([25, 33]);
    const { areas } = await own.segment(checkImage(60, 41));
    expect(areas.reduce((sum, area) => sum + area, 0)).toBe(60 * 41);
    await expect(openSegmenter(engine, checkModel({ model: { remainder: 1 } }))).rejects.toThrow(
      "check run: window sides must be multiples of 4 plus 1, got 24x32. Choose another window.",
    );
  });

  it("cannot be asked for a size where the whole photograph is made to fit", async () => {
    const own = await openSegmenter(engine, checkModel({ model: { windowing: "none" } }));
    await expect(own.segment(checkImage(60, 41), { shortSide: 20 })).rejects.toThrow(
      "expected no size where the whole",
    );
    await own.close();
  });
});

describe("a model with a refinement on the host", () => {
  /** Makes everything left of the middle the first class, and keeps what it was given. */
  const given: { scores: NdArray; image: Image }[] = [];
  const refine: NonNullable<SemanticModel["refine"]> = async (scores, image) => {
    given.push({ scores, image });
    const [classes, height, width] = scores.shape;
    const data = Float32Array.from(scores.data as Float32Array);
    for (let i = 0; i < height * width; i++) if (i % width < width / 2) data[i] = classes;
    return { ...scores, data };
  };

  it.each<SegmentOptions>([{}, { flip: true }, { scales: [0.5, 1, 1.5] }, { scales: [1, 2], flip: true }])(
    "predicts what it makes of the mean scores and the image of their size: %o",
    async (options) => {
      const refined = await openSegmenter(engine, checkModel({ model: { refine } }));
      const image = checkImage(150, 97, 6);
      given.length = 0;
      const { labels } = await refined.segment(image, options);
      const plain = (await segmenter.segment(image, options)).labels;
      const [{ scores, image: seen }] = given;
      expect([scores.shape[1], scores.shape[2]]).toEqual([seen.height, seen.width]);
      const plane = seen.height * seen.width;
      for (let i = 0; i < plane; i += 97) {
        const sum = Array.from({ length: scores.shape[0] }, (_, k) => Number(scores.data[k * plane + i]));
        expect(sum.reduce((a, b) => a + b)).toBeCloseTo(1, 4); // means of probabilities
      }
      let same = 0;
      for (let y = 0; y < 97; y++) {
        expect(labels.data.subarray(150 * y, 150 * y + 72).every((label) => label === 0)).toBe(true);
        for (let x = 80; x < 150; x++) if (labels.data[150 * y + x] === plain.data[150 * y + x]) same++;
      }
      // Scales after the first are resized twice.
      expect(same / (70 * 97)).toBeGreaterThan("scales" in options ? 0.95 : 0.9999);
      await refined.close();
    },
  );

  it("gives way to a dense CRF that is asked for, and to none at all", async () => {
    const refined = await openSegmenter(engine, checkModel({ model: { refine } }));
    const image = checkImage(60, 41);
    const crf = crfSettings["deeplab-v2"];
    given.length = 0;
    const [asked, without] = [await refined.segment(image, { crf }), await refined.segment(image, { crf: "none" })];
    expect(given).toEqual([]);
    expect(without.labels.data).toEqual((await segmenter.segment(image)).labels.data);
    expect(asked.labels.data).toEqual((await segmenter.segment(image, { crf })).labels.data);
    expect(asked.labels.data).toEqual((await exported.segment(image, { crf })).labels.data);
    expect(asked.labels.data).not.toEqual(without.labels.data);
    await refined.close();
  });

  it("goes without it in a file, which says so", async () => {
    const trained = checkModel({ model: { refine } });
    const file = join(folder, "refined.onnx");
    const { card } = await exportModel(engine, nodePlatform, trained, file);
    const exported = await openExported(engine, nodePlatform, file);
    expect([card.leftOut, exported.card.leftOut]).toEqual(new Array(2).fill(["refinement of the scores on the host"]));
    const image = checkImage(60, 41);
    expect((await exported.segment(image)).labels.data).toEqual((await segmenter.segment(image)).labels.data);
    await exported.close();
  });
});

describe("exported file", () => {
  const bytes = () => readFileSync(join(folder, "model.onnx"));

  it("uses standard operators alone", () => {
    expect(decodeModel(bytes()).opset_import?.map(({ domain }) => domain ?? "")).toEqual([""]);
  });

  it("has batch norms folded into convolutions", () => {
    const operators: string[] = [];
    const visit = (graph: GraphProto | undefined) => {
      for (const { op_type, attribute } of graph?.node ?? []) {
        operators.push(op_type ?? "");
        for (const { g } of attribute ?? []) if (g) visit(g);
      }
    };
    visit(decodeModel(bytes()).graph);
    expect(operators).toContain("Conv");
    expect(operators).not.toContain("BatchNormalization");
  });

  it("tells what it is", () => {
    expect(exported.card).toEqual(segmenter.card);
    expect(exported.card).toMatchObject({ method: "checkmodel", window: [24, 32], shortSide: 48, licence: "CC0-1.0" });
  });

  it("runs with nothing but an image, as other programs run it", async () => {
    const program = await engine.load({ file: join(folder, "model.onnx") }, []);
    const image = checkImage(150, 97);
    const feeds = { image: { dtype: "uint8" as const, shape: [97, 150, 3], data: image.data } };
    const { labels } = await program.run(feeds, { fetch: ["labels"], keepFeeds: true });
    expect(labels.data).toEqual((await segmenter.segment(image)).labels.data);
    await program.release();
  });

  it("changes its scale while images of another are being computed", async () => {
    const fresh = await openExported(engine, nodePlatform, join(folder, "model.onnx"));
    const image = checkImage(61, 47);
    const shortSides = [undefined, 30, undefined, 30, 0];
    const results = await Promise.all(shortSides.map((shortSide) => fresh.segment(image, { shortSide })));
    for (const [i, shortSide] of shortSides.entries()) {
      expect(results[i].labels.data).toEqual((await segmenter.segment(image, { shortSide })).labels.data);
    }
    await fresh.close();
  });

  it("keeps large weights in a second file, with the same result", async () => {
    const file = join(folder, "large.onnx");
    const { weightsFile } = await exportModel(engine, nodePlatform, trained, file, { maxBytes: 100 });
    expect(weightsFile).toBe(`${file}.data`);
    const large = await openExported(engine, nodePlatform, file);
    const image = checkImage(61, 47);
    expect((await large.segment(image)).labels.data).toEqual((await segmenter.segment(image)).labels.data);
    expect((await large.segment(image, { windows: "tiles" })).labels.data).toEqual(
      (await segmenter.segment(image, { windows: "tiles" })).labels.data,
    );
    await expect(large.segment(image, { shortSide: 30 })).rejects.toThrow(/got a model above 2 GB/);
    await large.close();
  });

  it("leaves no other file behind", () => {
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});

describe("what must fail", () => {
  it("weights of another model", async () => {
    const weights = { ...trained.weights, "first.weight": fromNumbers("float32", [1], [0]) };
    await expect(openSegmenter(engine, { ...trained, weights })).rejects.toThrow(
      "check run: weight first.weight must be [6,3,5,5], got [1]. The weights belong to another model or recipe.",
    );
  });

  it("a window that the method cannot take", async () => {
    await expect(openSegmenter(engine, { ...trained, window: [22, 32] })).rejects.toThrow(/multiples of 4, got 22x32/);
  });

  it.each([
    [
      "a file of another kind",
      Buffer.from("not a model"),
      /expected a model written by tessera export, got a file that does not load/,
    ],
    ["an empty file", Buffer.alloc(0), /expected a model written by tessera export/],
  ])("%s", async (_, content, message) => {
    const file = join(folder, "broken.onnx");
    writeFileSync(file, content);
    await expect(openExported(engine, nodePlatform, file)).rejects.toThrow(message);
  });

  it("a truncated export", async () => {
    const file = join(folder, "cut.onnx");
    writeFileSync(file, readFileSync(join(folder, "model.onnx")).subarray(0, 5000));
    await expect(openExported(engine, nodePlatform, file)).rejects.toThrow(/cut.onnx: expected a model written by/);
  });

  it("an ONNX model that is not ours", async () => {
    const file = join(folder, "foreign.onnx");
    const model = await assemble(engine, trained);
    writeFileSync(file, encodeModel({ ...model, metadata_props: [] }));
    await expect(openExported(engine, nodePlatform, file)).rejects.toThrow(/got another ONNX model/);
  });

  it.each([
    ["labels", "[1]"],
    ["palette", '["red"]'],
    ["window", "[0, 5]"],
    ["value_map", "7"],
    ["short_side", "-3"],
  ])("damaged metadata: %s", async (key, value) => {
    const file = join(folder, "damaged.onnx");
    const model = await assemble(engine, trained);
    const metadata_props = model.metadata_props?.map((entry) => (entry.key === key ? { key, value } : entry));
    writeFileSync(file, encodeModel({ ...model, metadata_props }));
    await expect(openExported(engine, nodePlatform, file)).rejects.toThrow(/damaged.onnx: expected metadata/);
  });

  it("no file", async () => {
    await expect(openExported(engine, nodePlatform, join(folder, "none.onnx"))).rejects.toThrow(/got no such file/);
  });

  it.each([
    ["scales", { scales: [] }, /scales must be above 0/],
    [
      "windows of another name",
      { windows: "tile" as "tiles" },
      'segment: windows must be one of smooth, even, tiles, halves, none, got "tile". Did you mean tiles?',
    ],
    ["windows named like what every object has", { windows: "constructor" as "tiles" }, /got "constructor"/],
    ["a fraction of a pixel", { shortSide: 1.5 }, /whole number of pixels, got 1.5/],
  ])("%s", async (_, options, message) => {
    await expect(segmenter.segment(checkImage(8, 8), options)).rejects.toThrow(message);
  });
});
