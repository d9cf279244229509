import { cpSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { idsPng, putSet, type SetImage } from "../../test/support/panoptic-files.ts";
import { greyPng, put, temporaryFolder } from "../../test/support/pictures.ts";
import { InputError } from "../errors.ts";
import { nodePlatform } from "../platform/node.ts";
import { evaluatePanopticFiles, type PanopticFilesOptions } from "./evaluate-panoptic-files.ts";

/** Numbers with gaps, as COCO's. */
const categories = [
  { id: 1, name: "person", isthing: 1 },
  { id: 90, name: "brush", isthing: 1 },
  { id: 200, name: "rug", isthing: 0 },
];
const big = 70_000;

/** Two images, whose predictions are called otherwise: a person and a rug; two persons. */
const truth: readonly SetImage[] = [
  {
    ...{ image_id: 7, file_name: "seven.png" },
    rows: [[3, 3, big, big]],
    segments_info: [
      { id: 3, category_id: 1, iscrowd: 0, area: 2 },
      { id: big, category_id: 200, iscrowd: 0, area: 2 },
    ],
  },
  {
    ...{ image_id: "nine", file_name: "nine.png" },
    rows: [[1, 1, 2, 2]],
    segments_info: [
      { id: 1, category_id: 1, iscrowd: 0, area: 2 },
      { id: 2, category_id: 1, iscrowd: 0, area: 2 },
    ],
  },
];

/** Finds three of four, takes the fourth for a brush; images in another order, ids of its own. */
const guesses: readonly SetImage[] = [
  {
    image_id: "nine",
    rows: [[5, 5, 6, 6]],
    segments_info: [
      { id: 5, category_id: 1 },
      { id: 6, category_id: 90 },
    ],
  },
  {
    image_id: 7,
    rows: [[8, 8, 9, 9]],
    segments_info: [
      { id: 8, category_id: 1 },
      { id: 9, category_id: 200 },
    ],
  },
];

async function evaluated(
  given: { truth?: readonly SetImage[]; guesses?: readonly SetImage[]; categories?: unknown; ofGuesses?: unknown } = {},
  change: (root: string) => Partial<PanopticFilesOptions & { predictions: string }> = () => ({}),
) {
  const root = temporaryFolder();
  const path = putSet(root, "truth", given.truth ?? truth, "categories" in given ? given.categories : categories);
  const guessed = putSet(root, "guess", given.guesses ?? guesses, given.ofGuesses);
  const notes: string[] = [];
  const { predictions = guessed, ...options } = change(root);
  const evaluation = await evaluatePanopticFiles(nodePlatform, predictions, path, {
    ...options,
    onNote: (line) => notes.push(line.replaceAll(root, "")),
  });
  return { evaluation, notes, root };
}

describe("scores", () => {
  it("are of all images together, paired by image_id, by the categories of the truth", async () => {
    const { evaluation, notes, root } = await evaluated();
    const person = { truePositives: 2, falsePositives: 0, falseNegatives: 1, iou: 2, segments: 3 };
    expect(evaluation).toEqual({
      ...{ kind: "panoptic", predictions: join(root, "guess.json"), truth: join(root, "truth.json") },
      ...{ images: 2, segments: 4, absent: [], measures: expect.anything() },
      all: { pq: (0.8 + 0 + 1) / 3, sq: 2 / 3, rq: (0.8 + 0 + 1) / 3, classes: 3 },
      things: { pq: 0.4, sq: 0.5, rq: 0.4, classes: 2 },
      stuff: { pq: 1, sq: 1, rq: 1, classes: 1 },
      classes: [
        { id: 1, name: "person", thing: true, pq: 0.8, sq: 1, rq: 0.8, ...person },
        {
          ...{ id: 90, name: "brush", thing: true, pq: 0, sq: 0, rq: 0 },
          ...{ truePositives: 0, falsePositives: 1, falseNegatives: 0, iou: 0, segments: 0 },
        },
        {
          ...{ id: 200, name: "rug", thing: false, pq: 1, sq: 1, rq: 1 },
          ...{ truePositives: 1, falsePositives: 0, falseNegatives: 0, iou: 1, segments: 1 },
        },
      ],
      perImage: [
        { id: 7, file: join(root, "truth/seven.png"), score: 1 },
        { id: "nine", file: join(root, "truth/nine.png"), score: (2 / 3 + 0) / 2 },
      ],
    });
    expect(evaluation.measures.map(({ name }) => name)).toEqual(["PQ", "SQ", "RQ", "PQ of things", "PQ of stuff"]);
    expect(notes).toEqual([]);
  });

  it("of the truth itself are 1", async () => {
    const { evaluation } = await evaluated({ guesses: truth });
    expect(evaluation.all).toEqual({ pq: 1, sq: 1, rq: 1, classes: 2 });
    expect(evaluation.absent).toEqual(["brush"]);
  });

  it("believe the truth's areas, and count those of predictions in the PNG", async () => {
    const [first] = truth;
    const segments = (area: number) => [{ id: 3, category_id: 1, iscrowd: 0, area }];
    const of = (area: number, guess: unknown) =>
      evaluated({
        truth: [{ ...first, segments_info: segments(area) }],
        guesses: [{ ...first, rows: [[3, 3, 0, 0]], segments_info: [{ id: 3, category_id: 1, area: guess }] }],
      });
    expect((await of(3, 1)).evaluation.all.sq).toBe(2 / 3);
    expect((await of(4, -1)).evaluation.all.sq).toBe(0);
    expect((await of(2, "wide")).evaluation.all.sq).toBe(1);
  });

  it("forgive segments of the truth without pixels, pixels without a segment, and areas that are not told", async () => {
    const segments_info = [
      { id: 3, category_id: 1 },
      { id: 4, category_id: 1 },
    ];
    const { evaluation } = await evaluated({
      truth: [{ image_id: 7, rows: [[3, 3, big, big]], segments_info }],
      guesses: [{ image_id: 7, rows: [[3, 3, 0, 0]], segments_info: segments_info.slice(0, 1) }],
    });
    expect(evaluation.classes[0]).toMatchObject({ truePositives: 1, falsePositives: 0, falseNegatives: 1 });
  });

  it("leave out predictions of images that the truth has not, and say so", async () => {
    const { evaluation, notes } = await evaluated({ truth: truth.slice(0, 1) });
    expect(evaluation.images).toBe(1);
    expect(notes).toEqual(["/guess.json: 1 image is not in /truth.json: not scored"]);
  });

  it("go by ids where predictions call a category otherwise, and say so", async () => {
    const other = [{ id: 1, name: "bicycle" }, { id: 200, name: "rug" }, { id: 300 }, null];
    const { evaluation, notes } = await evaluated({ ofGuesses: other });
    expect(evaluation.things.pq).toBe(0.4);
    expect(notes).toEqual([
      "/guess.json: category 1 is called bicycle, person in the ground truth: ids count, not names",
    ]);
  });

  it("find PNGs in the folder of the JSON's name, beside it, or where they are said to lie", async () => {
    for (const place of ["guess", ".", "elsewhere"]) {
      const { evaluation } = await evaluated({}, (root) => {
        if (place !== "guess") renameSync(join(root, "guess"), join(root, "elsewhere"));
        if (place === ".") cpSync(join(root, "elsewhere"), root, { recursive: true });
        return place === "elsewhere" ? { predictionMasks: join(root, "elsewhere") } : {};
      });
      expect(evaluation.things.pq).toBe(0.4);
    }
    const moved = await evaluated({}, (root) => {
      renameSync(join(root, "truth"), join(root, "masks"));
      return { truthMasks: join(root, "masks") };
    });
    expect(moved.evaluation.things.pq).toBe(0.4);
  });
});

describe("PNGs of two channels", () => {
  /** Red is the category, green the instance. */
  const pair = (category: number, instance = 0) => category + 256 * instance;
  const folderOf = (root: string, first: readonly number[], second: readonly number[]) => {
    put(root, "two/seven.png", idsPng([first]));
    put(root, "two/nine.png", idsPng([second]));
    return { predictions: join(root, "two") };
  };

  it("are predictions without a JSON: each pair is a segment, red 0 nothing", async () => {
    const { evaluation } = await evaluated({}, (root) =>
      folderOf(root, [pair(1), pair(1), pair(200), pair(200)], [pair(1, 1), pair(1, 1), pair(90, 1), pair(90, 1)]),
    );
    expect(evaluation.all).toEqual((await evaluated()).evaluation.all);
    const split = await evaluated({}, (root) =>
      folderOf(root, [pair(1, 1), pair(1, 2), pair(0, 3), pair(0)], [pair(1), pair(1), pair(1), pair(1)]),
    );
    expect(split.evaluation.classes[0]).toMatchObject({ truePositives: 0, falsePositives: 3, falseNegatives: 3 });
    expect(split.evaluation.classes[2]).toMatchObject({ truePositives: 0, falsePositives: 0, falseNegatives: 1 });
  });

  it.each<[string, number, RegExp]>([
    [
      "a third channel",
      65536 + 1,
      /two\/nine\.png: expected two channels, blue being 0, got 1\. Where the PNGs are COCO's/,
    ],
    ["a category that is none", 5, /two\/nine\.png: expected the id of a category in red, got 5\./],
  ])("with %s are refused", async (_, value, message) => {
    await expect(evaluated({}, (root) => folderOf(root, [1, 1, 1, 1], [0, 0, 0, value]))).rejects.toThrow(message);
  });
});

describe("refused in one line:", () => {
  const segments = (each: unknown) => [{ ...guesses[0], segments_info: [each] }, guesses[1]];
  const first = (fields: Partial<SetImage>) => [{ ...guesses[0], ...fields }, guesses[1]];

  it.each<[string, Parameters<typeof evaluated>[0], RegExp]>([
    ["no categories", { categories: undefined }, /truth\.json: categories: expected a list, got none\./],
    ["an empty list of them", { categories: [] }, /truth\.json: categories: expected a list, got \[\]\./],
    ["one that is none", { categories: [3] }, /categories\[0\]: expected an object, got 3/],
    ["one without id", { categories: [{ name: "a", isthing: 1 }] }, /categories\[0\]\.id: .* got none/],
    [
      "one twice",
      { categories: [...categories, categories[0]] },
      /categories\[3\]\.id: expected an id of its own, got 1/,
    ],
    ["one without name", { categories: [{ id: 1, isthing: 1 }] }, /categories\[0\]\.name: expected a name, got none/],
    [
      "one that is neither thing nor stuff",
      { categories: [{ id: 1, name: "a" }] },
      /categories\[0\]\.isthing: expected 1 for things or 0 for stuff, got none/,
    ],
    ["no images", { truth: [] }, /truth\.json: expected annotations of images, got an empty list\./],
    [
      "an image without prediction",
      { guesses: guesses.slice(0, 1) },
      /guess\.json: expected a prediction of each image, got none of image 7 \(seven\)\. Predict each image/,
    ],
    ["several", { guesses: [] }, /got none of image 7 \(seven\) and of 1 more\./],
    [
      "an image twice",
      { guesses: [...guesses, guesses[0]] },
      /annotations\[2\]\.image_id: expected each image once, got "nine"/,
    ],
    ["an image without id", { guesses: first({ image_id: null }) }, /annotations\[0\]\.image_id: .* got null/],
    [
      "no name of a PNG",
      { guesses: first({ rows: undefined, file_name: 3 }) },
      /\.file_name: expected the name of a PNG, got 3/,
    ],
    [
      "a name that leads out",
      { guesses: first({ rows: undefined, file_name: "../a.png" }) },
      /file_name: .* got "\.\.\/a\.png"/,
    ],
    ["a PNG that is not there", { guesses: first({ rows: undefined, file_name: "x.png" }) }, /guess\/x\.png: /],
    ["no list of segments", { guesses: first({ segments_info: {} }) }, /segments_info: expected a list, got \{\}/],
    ["a segment that is none", { guesses: segments(null) }, /segments_info\[0\]: expected an object, got null/],
    ["a segment of void", { guesses: segments({ id: 0, category_id: 1 }) }, /segments_info\[0\]\.id: .* got 0/],
    ["an id of more than 24 bits", { guesses: segments({ id: 2 ** 24, category_id: 1 }) }, /\.id: .* got 16777216/],
    [
      "a category that the truth has not",
      { guesses: segments({ id: 5, category_id: 2 }) },
      /guess\.json: annotations\[0\]\.segments_info\[0\]\.category_id: expected the id of a category, got 2\./,
    ],
    [
      "pixels without a segment",
      { guesses: segments({ id: 5, category_id: 1 }) },
      /guess\/0\.png, prediction: expected a segment for each id in the map, got no segment 6\./,
    ],
    [
      "a segment without pixels",
      { guesses: first({ rows: [[5, 5, 5, 5]] }) },
      /guess\/0\.png, prediction: expected pixels of each segment, got none of segment 6\./,
    ],
    [
      "another size",
      { guesses: first({ rows: [[5, 5, 6]] }) },
      /expected a prediction of the truth's size 4x1, got 3x1/,
    ],
    [
      "an area that is no number",
      { truth: [{ ...truth[0], segments_info: [{ id: 3, category_id: 1, area: "2" }] }] },
      /truth\.json: annotations\[0\]\.segments_info\[0\]\.area: expected a number of pixels, got "2"/,
    ],
    [
      "nothing that counts",
      {
        truth: [{ image_id: 1, rows: [[0]], segments_info: [] }],
        guesses: [{ image_id: 1, rows: [[0]], segments_info: [] }],
      },
      /truth\.json: expected segments to score, got 1 image in which none counts\./,
    ],
  ])("%s", async (_, given, message) => {
    const error = await evaluated(given).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toMatch(message);
  });

  it.each<[string, (root: string) => void, RegExp]>([
    ["JSON that is broken", (root) => put(root, "guess.json", "{"), /guess\.json: expected JSON, got broken JSON/],
    ["a JSON that is a list", (root) => put(root, "guess.json", "[]"), /guess\.json: expected a JSON object, got \[\]/],
    ["a JSON without annotations", (root) => put(root, "guess.json", "{}"), /annotations: expected a list, got none/],
    ["no JSON", (root) => rmSync(join(root, "guess.json")), /guess\.json: expected a readable file, got nothing there/],
    ["a grey PNG", (root) => put(root, "guess/0.png", greyPng(4, 1, [5, 5, 6, 6])), /expected RGB pixels of 8 bits/],
    ["a PNG that is none", (root) => put(root, "guess/0.png", "<html>"), /guess\/0\.png: /],
  ])("%s", async (_, damage, message) => {
    const damaged = (root: string) => {
      damage(root);
      return {};
    };
    const error = await evaluated({}, damaged).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toMatch(message);
  });
});
