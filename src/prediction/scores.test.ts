import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bareProbabilities, checkEngine, checkImage, checkLogits, checkModel } from "../../test/support/check-model.ts";
import { lower } from "../graph/graph.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { cropImage } from "../image/crop.ts";
import { flipImage } from "../image/flip.ts";
import type { Image } from "../image/image.ts";
import type { SemanticModel } from "../methods/model.ts";
import { graphProto, modelProto } from "../onnx/write.ts";
import type { Engine } from "../runtime/engine.ts";
import { cardFrom, cardOf } from "./card.ts";
import { addMirrored } from "./enlarge.ts";
import { assemble } from "./pipeline/assemble.ts";
import { pipelineGraph } from "./pipeline/pipeline.ts";
import { openPrograms, type PipelinePrograms } from "./programs.ts";
import { eachScoreMap, mirroredScoreMap, type ScoreOptions, wholeScoreMap } from "./scores.ts";
import { type Windowing, windowings } from "./windows.ts";

const trained = checkModel();
const [height, width] = trained.window; // 24 × 32
const classes = trained.task.classes.length;
let engine: Engine;
let programs: PipelinePrograms;

beforeAll(async () => {
  engine = await checkEngine();
  const model = await assemble(engine, trained);
  programs = await openPrograms(engine, { file: null, model: async () => model });
});
afterAll(() => engine.close());

const options = (windowing: Windowing, changes: Partial<ScoreOptions> = {}): ScoreOptions => ({
  ...{ programs, card: cardOf(trained), windowing, pieceElements: 1e9, piecePixels: 1e9 },
  ...changes,
});

/** Pieces of two windows and a little more. */
const small = { pieceElements: classes * height * 80 };

const every: readonly [string, Windowing][] = Object.entries(windowings);

/** Averages of what the bare network gives the windows at these places, in float64: sums, and how many lie on a pixel. */
async function byHand(
  image: Image,
  tops: readonly number[],
  lefts: readonly number[],
  of = trained,
): Promise<Float32Array> {
  const pixels = image.height * image.width;
  const sum = new Float64Array(classes * pixels);
  const count = new Float64Array(pixels);
  for (const top of tops) {
    for (const left of lefts) {
      const found = await bareProbabilities(of, cropImage(image, { top, left, height, width }));
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const at = (top + y) * image.width + left + x;
          count[at]++;
          for (let k = 0; k < classes; k++) sum[k * pixels + at] += found[(k * height + y) * width + x];
        }
      }
    }
  }
  return Float32Array.from(sum, (value, i) => value / count[i % pixels]);
}

function difference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

/** Rounding of probabilities whose convolutions are summed in another order (batch norms are folded into them). */
const rounding = 1e-5;

describe.each(every)("probabilities of %s windows", (_, windowing) => {
  it("are the bare network's where one window is all", async () => {
    const image = checkImage(width, height);
    const { data } = await wholeScoreMap(options(windowing), image, 0);
    expect(difference(data, await bareProbabilities(trained, image))).toBeLessThan(rounding);
  });

  it("sum to 1 everywhere, seams included", async () => {
    const { data, rows, columns } = await wholeScoreMap(options(windowing), checkImage(100, 80), 0);
    for (let i = 0; i < rows * columns; i++) {
      let sum = 0;
      for (let k = 0; k < classes; k++) sum += data[k * rows * columns + i];
      expect(Math.abs(sum - 1)).toBeLessThan(1e-5);
    }
  });

  it.each([
    ["larger than windows", 131, 117],
    ["lower than a window", 131, 13],
    ["narrower than a window", 20, 117],
  ])("are the same in strips as in one piece: images %s", async (_, ...size) => {
    const image = checkImage(...size);
    const whole = await wholeScoreMap(options(windowing), image, 0);
    const parts = await wholeScoreMap(options(windowing, small), image, 0);
    expect(difference(parts.data, whole.data)).toBeLessThan(1e-6);
  });

  it("come in parts about as large as asked for, each pixel once", async () => {
    const seen = new Uint8Array(131 * 117);
    let parts = 0;
    await eachScoreMap(options(windowing, small), checkImage(131, 117), 0, ({ data }, { top, bottom, left, right }) => {
      parts++;
      // A row above the windows, and a last window that is not left for a strip of its own.
      expect(data.length).toBeLessThanOrEqual(classes * (height + 1) * (80 + width));
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) seen[y * 131 + x]++;
    });
    expect(parts).toBeGreaterThan(8);
    expect(seen.every((times) => times === 1)).toBe(true);
  });

  it("are what a graph with the same windows built in computes", async () => {
    const model = new Model();
    const window = input("window", [1, height, width, 3], "uint8");
    const predictor = trained.method.model(trained.recipe, trained.task) as SemanticModel;
    const outputs = { window_probabilities: predictor.scores(model.scope, window) };
    const lowered = lower({ outputs }, { device: "cpu", operators: "portable", convBlock: 0 });
    const written = graphProto(lowered, { embed: trained.weights, prefix: "model/" });
    const graph = pipelineGraph({ model: written.graph, classes, window: trained.window, windowing, shortSide: 0 });
    const proto = modelProto({ ...written, graph });
    const built = await openPrograms(engine, { file: null, model: async () => proto });
    for (const [across, down] of [
      [131, 117],
      [64, 48],
      [20, 60],
    ]) {
      const image = checkImage(across, down, 8);
      const { probabilities } = await built.run(image, 0, ["probabilities"]);
      const { data } = await wholeScoreMap(options(windowing, small), image, 0);
      expect(difference(data, probabilities.data as Float32Array)).toBeLessThan(rounding);
    }
    await built.release();
  });
});

it("smooth windows are computed by the graph in one piece where they fit, and in strips where not", async () => {
  let parts = 0;
  const count = () => {
    parts++;
  };
  await eachScoreMap(options(windowings.smooth), checkImage(131, 117), 0, count);
  expect(parts).toBe(1);
  await eachScoreMap(options(windowings.smooth, small), checkImage(131, 117), 0, count);
  expect(parts).toBe(1 + 14);
});

it("even windows: probabilities summed and divided by how many windows lie on a pixel (DDeP on ADE20K)", async () => {
  const image = checkImage(100, 80, 2);
  const expected = await byHand(image, [0, 16, 32, 48, 56], [0, 21, 42, 63, 68]);
  const { data } = await wholeScoreMap(options(windowings.even), image, 0);
  expect(difference(data, expected)).toBeLessThan(rounding);
});

it("tiles that do not divide the image overlap only at the last", async () => {
  const image = checkImage(70, 50, 2);
  const { data } = await wholeScoreMap(options(windowings.tiles), image, 0);
  expect(difference(data, await byHand(image, [0, 24, 26], [0, 32, 38]))).toBeLessThan(rounding);
});

describe("logits of windows", () => {
  const ofLogits = checkModel({
    model: { averages: "logits", scores: (scope, image) => checkLogits(scope, image, trained.task) },
  });
  const image = checkImage(100, 80, 2);
  let own: PipelinePrograms;
  beforeAll(async () => {
    const model = await assemble(engine, ofLogits);
    own = await openPrograms(engine, { file: null, model: async () => model });
  });
  const card = cardOf(ofLogits);

  it("are averaged in front of the softmax, window by window, and are not probabilities averaged", async () => {
    const logits = await byHand(image, [0, 16, 32, 48, 56], [0, 21, 42, 63, 68], ofLogits);
    const plane = 100 * 80;
    const expected = logits.map((value, i) => {
      const sum = Array.from({ length: classes }, (_, k) => Math.exp(logits[k * plane + (i % plane)]));
      return Math.exp(value) / sum.reduce((a, b) => a + b, 0);
    });
    const { data } = await wholeScoreMap(options(windowings.even, { programs: own, card }), image, 0);
    expect(difference(data, expected)).toBeLessThan(rounding);
    const { data: plain } = await wholeScoreMap(options(windowings.even), image, 0);
    expect(difference(data, plain)).toBeGreaterThan(0.01);
  });

  it("are the same in one piece, by the graph, as in strips, by the host", async () => {
    const [whole, strips] = [{}, small].map((changes) =>
      options(windowings.smooth, { programs: own, card, ...changes }),
    );
    const [a, b] = [await wholeScoreMap(whole, image, 0), await wholeScoreMap(strips, image, 0)];
    expect(difference(a.data, b.data)).toBeLessThan(rounding);
  });

  it("are told of in a file", () => {
    expect(cardFrom(own.metadata, "file").averages).toBe("logits");
    const { averages: _, ...earlier } = own.metadata;
    expect(cardFrom(earlier, "file").averages).toBe("probabilities");
    expect(() => cardFrom({ ...earlier, averages: "votes" }, "file")).toThrow(
      'expected metadata "averages", got votes',
    );
  });
});

describe("tiles of an image of two windows (DDeP on Cityscapes)", () => {
  const image = checkImage(2 * width, height, 3);
  const halves = [0, width].map((left) => cropImage(image, { top: 0, left, height, width }));

  /** Two maps [K, 24, 32] side by side. */
  function joined([left, right]: readonly Float32Array[]): Float32Array {
    return Float32Array.from({ length: 2 * left.length }, (_, i) => {
      const [row, x] = [Math.floor(i / (2 * width)), i % (2 * width)];
      return x < width ? left[row * width + x] : right[row * width + x - width];
    });
  }

  it("are its halves as the bare network sees them", async () => {
    const { data } = await wholeScoreMap(options(windowings.tiles), image, 0);
    const expected = joined(await Promise.all(halves.map((half) => bareProbabilities(trained, half))));
    expect(difference(data, expected)).toBeLessThan(rounding);
  });

  it("have the bits of its halves computed one by one", async () => {
    const { data } = await wholeScoreMap(options(windowings.tiles), image, 0);
    const maps = await Promise.all(halves.map((half) => wholeScoreMap(options(windowings.tiles), half, 0)));
    expect(data).toEqual(joined(maps.map((map) => map.data)));
  });

  it("mirrored as a whole are each half mirrored: halves change places, and change back", async () => {
    const { data, columns } = await wholeScoreMap(options(windowings.tiles), image, 0);
    addMirrored(data, (await mirroredScoreMap(options(windowings.tiles), image, 0)).data, columns);
    const each = halves.map(async (half) => {
      const sum = await bareProbabilities(trained, half);
      addMirrored(sum, await bareProbabilities(trained, flipImage(half)), width);
      return sum;
    });
    expect(difference(data, joined(await Promise.all(each)))).toBeLessThan(2 * rounding);
  });
});
