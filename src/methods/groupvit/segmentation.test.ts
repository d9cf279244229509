/** Against the same rules written out, pixel by pixel, in double precision. */
import { describe, expect, test } from "vitest";
import { float32, type NdArray, scalar, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { constant } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { clampedScale } from "./losses.ts";
import { classScores, groupClassScores, groupMaps, groupOfPixels, portScores } from "./segmentation.ts";

interface Case {
  readonly images: number;
  readonly groups: readonly number[];
  readonly grid: readonly [number, number];
  readonly size: readonly [number, number];
  readonly classes: number;
  readonly threshold: number | null;
  readonly logitScale?: number;
  readonly kept?: number;
}

const usual: Case = {
  ...{ images: 2, groups: [6, 3], grid: [3, 5], size: [13, 21], classes: 7, threshold: 0.35, logitScale: 1.5 },
};
const width = 6;

function random(seed: string, shape: readonly number[], low = -1, high = 1): NdArray {
  const stream = new Random("segmentation", seed);
  const count = shape.reduce((product, length) => product * length, 1);
  return float32(
    shape,
    Array.from({ length: count }, () => stream.between(low, high)),
  );
}

/** Positive numbers that sum to 1 over axis 1 of three. */
function assignment(seed: string, [images, groups, tokens]: readonly [number, number, number]): NdArray {
  const raw = toNumbers(random(seed, [images, groups, tokens], -4, 4)).map(Math.exp);
  const data = raw.map((value, i) => {
    const image = Math.floor(i / (groups * tokens));
    let total = 0;
    for (let g = 0; g < groups; g++) total += raw[(image * groups + g) * tokens + (i % tokens)];
    return value / total;
  });
  return float32([images, groups, tokens], data);
}

function given({ images, groups, grid, classes, logitScale = 2 }: Case) {
  const tokens = [grid[0] * grid[1], ...groups];
  const assignments = groups.map((count, i) => assignment(`stage ${i}`, [images, count, tokens[i]]));
  const groupEmbeddings = random("groups", [images, groups[groups.length - 1], width]);
  const embedding = random("images", [images, width]);
  return { assignments, groupEmbeddings, embedding, vectors: lengthOne(random("words", [classes, width])), logitScale };
}

function lengthOne(array: NdArray): NdArray {
  const numbers = toNumbers(array);
  const length = (i: number) => {
    const start = i - (i % width);
    return Math.hypot(...numbers.slice(start, start + width));
  };
  return float32(
    array.shape,
    numbers.map((value, i) => value / length(i)),
  );
}

const symbols = ({ assignments, groupEmbeddings, embedding }: ReturnType<typeof given>, { grid }: Case) => ({
  soft: assignments.map((array) => constant(array)),
  used: [], // of the paper alone
  grid,
  groupEmbeddings: constant(groupEmbeddings),
  embedding: constant(embedding),
});

function softmax(values: readonly number[]): number[] {
  const top = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - top));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}

/** Soft maps of the last groups of one image, at each pixel. */
function plainMap({ assignments }: ReturnType<typeof given>, { groups, grid, size }: Case, image: number): number[][] {
  const patches = grid[0] * grid[1];
  let map = Array.from({ length: patches }, (_, at) =>
    Array.from({ length: patches }, (_, other) => Number(at === other)),
  );
  groups.forEach((count, stage) => {
    const numbers = toNumbers(assignments[stage]);
    const before = map[0].length;
    map = map.map((row) =>
      Array.from({ length: count }, (_, g) =>
        row.reduce((sum, share, token) => sum + share * numbers[(image * count + g) * before + token], 0),
      ),
    );
  });
  const place = (i: number, from: number, to: number) => {
    const centre = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(centre);
    return { low, high: Math.min(low + 1, from - 1), share: centre - low };
  };
  return Array.from({ length: size[0] * size[1] }, (_, i) => {
    const down = place(Math.floor(i / size[1]), grid[0], size[0]);
    const across = place(i % size[1], grid[1], size[1]);
    return map[0].map((_, g) => {
      const at = (row: number, column: number) => map[row * grid[1] + column][g];
      const above = at(down.low, across.low) * (1 - across.share) + at(down.low, across.high) * across.share;
      const below = at(down.high, across.low) * (1 - across.share) + at(down.high, across.high) * across.share;
      return above * (1 - down.share) + below * down.share;
    });
  });
}

function plainGroupScores(from: ReturnType<typeof given>, one: Case, image: number): number[][] {
  const { classes, groups, threshold, kept = 5 } = one;
  const words = toNumbers(from.vectors);
  const scale = Math.min(Math.exp(from.logitScale), 100);
  const similarities = (vector: readonly number[]) => {
    const length = Math.hypot(...vector);
    return Array.from({ length: classes }, (_, n) =>
      vector.reduce((sum, value, c) => sum + (scale * value * words[n * width + c]) / length, 0),
    );
  };
  const whole = similarities(toNumbers(from.embedding).slice(image * width, (image + 1) * width));
  const order = whole.map((_, n) => n).sort((a, b) => whole[b] - whole[a] || a - b);
  const allowed = new Set(order.slice(0, kept));
  const count = groups[groups.length - 1];
  const scores = Array.from({ length: count }, (_, g) => {
    const start = (image * count + g) * width;
    const logits = similarities(toNumbers(from.groupEmbeddings).slice(start, start + width));
    const all = softmax(logits);
    const some = softmax(logits.map((value, n) => (allowed.has(n) ? value : Number.NEGATIVE_INFINITY)));
    return all.map((value, n) => value * some[n]);
  });
  if (threshold === null) return scores;
  const limit = Math.min(threshold, Math.max(...scores.flat()));
  return scores.map((row) => [Math.max(...row) < limit ? 1 : 0, ...row]);
}

const cases: [string, Case][] = [
  ["two stages", usual],
  ["one stage", { ...usual, groups: [4] }],
  ["three stages", { ...usual, groups: [8, 5, 2] }],
  ["one image", { ...usual, images: 1 }],
  ["fewer classes than are kept", { ...usual, classes: 3 }],
  ["one class", { ...usual, classes: 1 }],
  ["a threshold that all groups miss", { ...usual, threshold: 1 }],
  ["a threshold that none misses", { ...usual, threshold: 0 }],
  ["no background", { ...usual, threshold: null }],
  ["a temperature that is clamped", { ...usual, logitScale: 5 }],
  ["two classes kept", { ...usual, kept: 2 }],
  ["a map that is made smaller", { ...usual, size: [2, 3] }],
];

test.each(cases)("scores of pixels are those of their groups: %s", async (_, one) => {
  const from = given(one);
  const background = one.threshold === null ? null : { threshold: one.threshold };
  const options = { background, ...(one.kept !== undefined && { kept: one.kept }) };
  const scale = clampedScale(constant(scalar(from.logitScale)));
  const images = symbols(from, one);
  const { scores, groups } = await evaluate({
    scores: classScores(images, constant(from.vectors), scale, one.size, options),
    groups: groupOfPixels(groupMaps(images.soft, one.grid, one.size).at(-1)!),
  });
  const channels = one.classes + (background === null ? 0 : 1);
  expect(scores.shape).toEqual([one.images, channels, ...one.size]);
  const got = toNumbers(scores);
  const pixels = one.size[0] * one.size[1];
  for (let image = 0; image < one.images; image++) {
    const map = plainMap(from, one, image);
    const expected = plainGroupScores(from, one, image);
    for (let i = 0; i < pixels; i++) {
      const group = toNumbers(groups)[image * pixels + i];
      // A near tie may fall to either, as long as it is one.
      expect(map[i][group]).toBeGreaterThan(Math.max(...map[i]) - 1e-6);
      for (let k = 0; k < channels; k++) {
        expect(got[(image * channels + k) * pixels + i]).toBeCloseTo(expected[group][k], 5);
      }
    }
  }
});

test("the port's scores weigh each group by its soft map, with the temperature twice and unclamped", async () => {
  const one = { ...usual, logitScale: 5 };
  const from = given(one);
  const { scores } = await evaluate({
    scores: portScores(symbols(from, one), constant(from.vectors), constant(scalar(Math.exp(5))), one.size),
  });
  const words = toNumbers(from.vectors);
  const groups = toNumbers(from.groupEmbeddings);
  const count = one.groups[one.groups.length - 1];
  const pixels = one.size[0] * one.size[1];
  for (let image = 0; image < one.images; image++) {
    const map = plainMap(from, one, image);
    for (let i = 0; i < pixels; i += 7) {
      for (let n = 0; n < one.classes; n++) {
        let sum = 0;
        for (let g = 0; g < count; g++) {
          const vector = groups.slice((image * count + g) * width, (image * count + g + 1) * width);
          const cosine =
            vector.reduce((dot, value, c) => dot + value * words[n * width + c], 0) / Math.hypot(...vector);
          sum += map[i][g] * cosine * Math.exp(10);
        }
        expect(toNumbers(scores)[(image * one.classes + n) * pixels + i] / Math.exp(10)).toBeCloseTo(
          sum / Math.exp(10),
          5,
        );
      }
    }
  }
});

describe("ties", () => {
  test("of classes for the whole window keep those that were named first", async () => {
    const vectors = constant(float32([3, 2], [1, 0, 1, 0, 1, 0]));
    const images = {
      groupEmbeddings: constant(float32([1, 1, 2], [1, 0])),
      embedding: constant(float32([1, 2], [1, 0])),
    };
    const { scores } = await evaluate({
      scores: groupClassScores(images, vectors, constant(scalar(1)), { background: null, kept: 2 }),
    });
    expect(toNumbers(scores).map((value) => Math.round(value * 1000))).toEqual([167, 167, 0]);
  });

  test("of groups for a pixel go to the first", async () => {
    const { groups } = await evaluate({
      groups: groupOfPixels(constant(float32([1, 3, 1, 2], [0.2, 0, 0.4, 0.5, 0.4, 0.5]))),
    });
    expect(toNumbers(groups)).toEqual([1, 1]);
  });
});

test("a wrong grid, and fewer vectors than patches without groups, are refused", () => {
  const from = given(usual);
  expect(() => groupMaps(symbols(from, usual).soft, [4, 4], usual.size)).toThrow(
    "groups: expected probabilities of 4 x 4 patches, got [2, 6, 15]. Pass the encoder's own grid.",
  );
  expect(() =>
    classScores({ ...symbols(from, usual), soft: [] }, constant(from.vectors), constant(scalar(1)), usual.size, {
      background: null,
    }),
  ).toThrow("expected groups, or a vector of each of 3 x 5 patches, got 3 vectors.");
});

describe("without groups, patches have scores of their own", () => {
  const grid = [3, 5] as const;
  const patches = random("patches", [2, 15, width]);
  const images = {
    ...{
      soft: [],
      used: [],
      grid,
      groupEmbeddings: constant(patches),
      embedding: constant(random("images", [2, width])),
    },
  };
  const words = constant(lengthOne(random("words", [4, width])));
  const scale = constant(scalar(7));

  test.each([
    ["with a background", { threshold: 0.3 }],
    ["without", null],
  ])("%s, which are those of groups, enlarged bilinearly", async (_, background) => {
    const small = { scores: groupClassScores(images, words, scale, { background }) };
    const { own, large, scores } = await evaluate({
      ...small,
      own: classScores(images, words, scale, grid, { background }),
      large: classScores(images, words, scale, [6, 10], { background }),
    });
    const classes = background === null ? 4 : 5;
    expect([own.shape, large.shape]).toEqual([
      [2, classes, 3, 5],
      [2, classes, 6, 10],
    ]);
    const at = (array: NdArray, image: number, k: number, y: number, x: number) => {
      const [, , rows, columns] = array.shape;
      return Number(array.data[((image * classes + k) * rows + y) * columns + x]);
    };
    for (let image = 0; image < 2; image++) {
      for (let k = 0; k < classes; k++) {
        for (let patch = 0; patch < 15; patch++) {
          const [y, x] = [Math.floor(patch / 5), patch % 5];
          expect(at(own, image, k, y, x)).toBe(Number(scores.data[(image * 15 + patch) * classes + k]));
        }
        // A pixel at a corner is nearest to its patch; one beside it lies a quarter of the way to the next.
        expect(at(large, image, k, 0, 0)).toBeCloseTo(at(own, image, k, 0, 0), 6);
        expect(at(large, image, k, 0, 1)).toBeCloseTo(
          0.75 * at(own, image, k, 0, 0) + 0.25 * at(own, image, k, 0, 1),
          6,
        );
      }
    }
  });

  test("as the port counts them, too", async () => {
    const { scores } = await evaluate({ scores: portScores(images, words, scale, grid) });
    const [first, word] = [toNumbers(patches).slice(0, width), toNumbers(lengthOne(random("words", [4, width])))];
    const cosine = first.reduce((sum, value, i) => sum + value * word[i], 0) / Math.hypot(...first);
    expect(Number(scores.data[0])).toBeCloseTo(49 * cosine, 4);
  });
});
