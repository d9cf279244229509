/** Which image and which category of the truth a prediction means. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { putSet } from "../../test/support/panoptic-files.ts";
import { temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform } from "../platform/node.ts";
import { evaluatePanopticFiles } from "./evaluate-panoptic-files.ts";

const categories = [
  { id: 7, name: "cat", isthing: 1 },
  { id: 120, name: "grass", isthing: 0 },
];

interface Given {
  /** Of each image: id, name of the photograph, name of the PNG; the first shows a cat, the others grass. */
  readonly images: readonly (readonly [id: number | string, photograph: string | null, file: string])[];
  readonly categories?: readonly object[];
  /** Of cat and grass. */
  readonly ids?: readonly [number, number];
}

function write(root: string, name: string, { images, ids = [7, 120], ...given }: Given): string {
  const entries = images.map(([id, photograph, file]) => {
    const isCat = /cat|0285/.test(`${photograph} ${file}`);
    const segments_info = [{ id: 3, category_id: ids[isCat ? 0 : 1] }];
    return { image_id: id, file_name: file, rows: [[3, 3]], segments_info };
  });
  const path = putSet(root, name, entries);
  const annotations = entries.map(({ rows: _, ...entry }) => entry);
  const listed = images.filter(([, photograph]) => photograph !== null);
  const photographs = listed.map(([id, file_name]) => ({ id, file_name }));
  writeFileSync(path, JSON.stringify({ images: photographs, annotations, ...given }));
  return path;
}

async function evaluated(truth: Given, guess: Given) {
  const root = temporaryFolder();
  const [truths, guesses] = [write(root, "truth", { categories, ...truth }), write(root, "guess", guess)];
  const notes: string[] = [];
  const onNote = (line: string) => notes.push(line.replaceAll(`${root}/`, ""));
  const { all } = await evaluatePanopticFiles(nodePlatform, guesses, truths, { onNote });
  return { pq: all.pq, notes, folder: join(root, "guess") };
}

const truth: Given = {
  images: [
    [285, "000285.jpg", "000285.png"],
    [776, "000776.jpg", "000776.png"],
  ],
};

describe("images", () => {
  it("are paired by id where names agree, or say nothing", async () => {
    const same = await evaluated(truth, truth);
    expect([same.pq, same.notes]).toEqual([1, []]);
    const named: Given = {
      images: [
        [776, null, "first.png"],
        [285, null, "cat.png"],
      ],
    };
    const own = await evaluated(truth, named);
    expect([own.pq, own.notes]).toEqual([1, []]);
  });

  it("are paired by file name where ids mean others, or are lacking, and that is said", async () => {
    const [cat, other] = ["000285.panoptic.png", "000776.panoptic.png"];
    const swapped = await evaluated(truth, {
      images: [
        [776, "a/000285.png", cat],
        [285, "a/000776.png", other],
      ],
    });
    expect([swapped.pq, swapped.notes]).toEqual([
      1,
      ["guess.json: image_id 285 is 000776, 000285 in truth.json: images are paired by file name"],
    ]);
    const unlisted = await evaluated(truth, {
      images: [
        [776, null, cat],
        [285, null, other],
      ],
    });
    expect([unlisted.pq, unlisted.notes.length]).toEqual([1, 1]);
    const numbered = await evaluated(truth, {
      images: [
        [1, null, cat],
        [285, null, other],
        [2, null, "x.png"],
      ],
    });
    expect([numbered.pq, numbered.notes]).toEqual([
      1,
      [
        "guess.json: image_id 285 is 000776, 000285 in truth.json: images are paired by file name",
        "guess.json: 1 image is not in truth.json: not scored",
      ],
    ]);
    const strange = await evaluated(truth, {
      images: [
        [1, null, cat],
        [2, null, other],
      ],
    });
    expect([strange.pq, strange.notes]).toEqual([
      1,
      ["guess.json: image_id 285 of truth.json is not there: images are paired by file name"],
    ]);
  });

  it.each<[string, Given["images"], string]>([
    [
      "other photographs by the same ids",
      [
        [285, "b.jpg", "b.png"],
        [776, "c.jpg", "c.png"],
      ],
      "guess.json: image_id 285: expected image 000285, as in truth.json, got b. Write image_id, or file_name of the",
    ],
    [
      "one name for two",
      [
        [285, "a/000776.jpg", "1.png"],
        [776, "b/000776.jpg", "2.png"],
      ],
      "guess.json: image_id 285: expected image 000285, as in truth.json, got 000776. Write",
    ],
    [
      "names of which one lacks",
      [[1, "000776.jpg", "1.png"]],
      "guess.json: expected a prediction of each image, got none of image 285 (000285). Predict each image",
    ],
  ])("%s are refused", async (_, images, message) => {
    const error: unknown = await evaluated(truth, { images }).catch((reason: unknown) => reason);
    expect((error as Error).message.replaceAll(/\/\S*\/(?=guess|truth)/g, "")).toContain(message);
  });
});

describe("categories", () => {
  const called = (cat: [number, string], grass: [number, string]): Given => ({
    images: truth.images,
    ids: [cat[0], grass[0]],
    categories: [cat, grass].map(([id, name]) => ({ id, name })),
  });

  it("are matched by name where ids are others, and that is said", async () => {
    const other = await evaluated(truth, called([1, "cat"], [2, "grass"]));
    expect([other.pq, other.notes]).toEqual([
      1,
      ["guess.json: category 1 is called cat, and is not there in the ground truth: categories are matched by name"],
    ]);
    const swapped = await evaluated(truth, called([120, "cat"], [7, "grass"]));
    expect([swapped.pq, swapped.notes]).toEqual([
      1,
      ["guess.json: category 120 is called cat, and is grass in the ground truth: categories are matched by name"],
    ]);
  });

  it("go by id where names are no better, which is said, or is refused", async () => {
    const renamed = await evaluated(truth, called([7, "kitten"], [120, "grass"]));
    expect([renamed.pq, renamed.notes]).toEqual([
      1,
      ["guess.json: category 7 is called kitten, cat in the ground truth: ids count, not names"],
    ]);
    await expect(evaluated(truth, called([1, "kitten"], [120, "grass"]))).rejects.toThrow(
      "category_id: expected the id of a category, got 1. Write category ids as the ground truth",
    );
    await expect(evaluated(truth, called([1, "cat"], [2, "cat"]))).rejects.toThrow("got 1.");
  });
});
