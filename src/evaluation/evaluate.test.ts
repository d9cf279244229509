import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkEngine, checkImage, checkModel } from "../../test/support/check-model.ts";
import type { Dataset } from "../data/dataset.ts";
import { InputError } from "../errors.ts";
import { openSegmenter, type Segmenter } from "../prediction/segmenter.ts";
import type { Engine } from "../runtime/engine.ts";
import {
  anythingCounts,
  type EvaluateOptions,
  type Evaluation,
  evaluateDataset,
  isEmpty,
  nothingCounts,
  unscoredText,
} from "./evaluate.ts";
import { eachGalleryEntry, pickImages } from "./gallery.ts";
import type { SemanticDetails } from "./scorer.ts";

let engine: Engine;
let segmenter: Segmenter;
beforeAll(async () => {
  engine = await checkEngine();
  segmenter = await openSegmenter(engine, checkModel());
});
afterAll(() => engine.close());

/** Four images whose masks are the model's own predictions, the i-th with i·100 pixels changed to class 0. */
function dataset(changes: Partial<Dataset> = {}): Dataset {
  const ids = ["a", "b", "c", "d"];
  return {
    name: "check set",
    split: "val",
    classes: segmenter.card.classes,
    kinds: ["mask"],
    ids,
    valueMap: {},
    source: (index) => `${ids[index]}.png`,
    read: async (index) => {
      const image = checkImage(60 + index, 50, index);
      const { labels } = await segmenter.segment(image);
      labels.data.fill(0, 0, 100 * index);
      labels.data.fill(255, 1000, 1010);
      return { id: ids[index], source: `${ids[index]}.png`, image, labels: { mask: labels } };
    },
    ...changes,
  };
}

/** The evaluation of a semantic model. */
async function semantic(all: Dataset, options: EvaluateOptions = {}): Promise<Evaluation & SemanticDetails> {
  const result = await evaluateDataset(segmenter, all, options);
  if (result.kind !== "semantic") throw new Error(result.kind);
  return result;
}

describe("evaluation", () => {
  it("finds a perfect prediction perfect", async () => {
    const result = await semantic({ ...dataset(), ids: ["a"] });
    expect([result.meanIou, result.pixelAccuracy, result.meanBoundaryIou]).toEqual([1, 1, 1]);
  });

  it("counts every labelled pixel once in one matrix", async () => {
    const result = await semantic(dataset());
    const labelled = 50 * (60 + 61 + 62 + 63) - 40;
    expect(result.pixels).toBe(labelled);
    expect(result.confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(labelled);
    expect(result.images).toBe(4);
  });

  it("scores images by themselves, too", async () => {
    const { perImage } = await evaluateDataset(segmenter, dataset());
    expect(perImage.map(({ id }) => id)).toEqual(["a", "b", "c", "d"]);
    expect(perImage[0].score).toBe(1);
    expect(perImage[3].score!).toBeLessThan(perImage[1].score!);
  });

  it("leaves boundaries out when they are not wanted", async () => {
    const result = await semantic(dataset(), { boundary: false });
    expect(result.meanBoundaryIou).toBeNull();
    expect(result.measures.map(({ name }) => name)).toEqual(["mean IoU", "pixel accuracy", "frequency-weighted IoU"]);
  });

  it("lists images that cannot be read when asked to go on", async () => {
    const { read } = dataset();
    const broken = dataset({
      read: (index) => (index === 1 ? Promise.reject(new InputError("b.png: expected an image.")) : read(index)),
    });
    const result = await evaluateDataset(segmenter, broken, { onBadImage: "skip" });
    expect(result.skipped).toEqual([{ source: "b.png", problem: "b.png: expected an image." }]);
    expect(result.images).toBe(3);
  });

  it("gives a result that JSON can hold", async () => {
    const result = await evaluateDataset(segmenter, dataset(), { flip: true });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    expect(result.options).toEqual({ shortSide: null, scales: [1], flip: true, windows: "smooth", crf: null });
  });

  it("has no score where no pixel counts, and says so in JSON with null", async () => {
    const { read, ids } = dataset();
    const ignored = dataset({
      async read(index) {
        const sample = await read(index);
        const mask = sample.labels.mask!;
        return { ...sample, labels: { mask: { ...mask, data: mask.data.map(() => 255) } } };
      },
    });
    const result = JSON.parse(JSON.stringify(await semantic(ignored))) as Evaluation & SemanticDetails;
    const { meanIou, meanIouOfPresent, meanAccuracy, pixelAccuracy, frequencyWeightedIou, meanBoundaryIou } = result;
    expect([meanIou, meanIouOfPresent, meanAccuracy, pixelAccuracy, frequencyWeightedIou, meanBoundaryIou]).toEqual(
      new Array(6).fill(null),
    );
    for (const { iou, accuracy, boundaryIou } of result.classes)
      expect([iou, accuracy, boundaryIou]).toEqual([null, null, null]);
    for (const each of result.perImage) expect(each.score).toBeNull();
    expect(isEmpty(result)).toBe(true);
    expect([result.pixels, result.images]).toEqual([0, ids.length]);
    expect(nothingCounts(result)).toBe(`${ids.length} masks in which no pixel counts`);
    expect([await anythingCounts(ignored), await anythingCounts(dataset())]).toEqual([false, true]);
  });

  it("says how many images lack what they would be scored by", () => {
    const all = { ids: ["a", "b", "c"], split: "val" } as const;
    const [skipped, images] = [[], 2];
    expect(unscoredText({ images, skipped, kind: "panoptic" }, all)).toBe(
      "1 of 3 images in val has no panoptic segments: not scored",
    );
    expect(unscoredText({ images: 1, skipped, kind: "semantic" }, all)).toContain("2 of 3 images in val have no masks");
    expect(unscoredText({ images, skipped: [{ source: "", problem: "" }], kind: "semantic" }, all)).toBe(null);
  });

  it("segments with the windows that are asked for, and records which", async () => {
    const smooth = await semantic(dataset(), { boundary: false });
    const tiles = await semantic(dataset(), { boundary: false, windows: "tiles" });
    expect(tiles.options.windows).toBe("tiles");
    expect(tiles.confusion).not.toEqual(smooth.confusion);
  });
});

describe("what must fail", () => {
  it("other classes", async () => {
    const classes = segmenter.card.classes.map((entry, i) => (i === 2 ? { ...entry, name: "zebra" } : entry));
    await expect(evaluateDataset(segmenter, dataset({ classes }))).rejects.toThrow(
      /expected the classes of check run, which has class 2 at index 2, got zebra/,
    );
  });

  it("a background where the data set has none, which names the layout that has", async () => {
    const { classes } = segmenter.card;
    const background = { name: "background", color: [0, 0, 0], background: true } as const;
    const asked = { ...segmenter, card: { ...segmenter.card, classes: [background, ...classes] } };
    const failing = (changes: Partial<Dataset>) => evaluateDataset(asked, dataset(changes));
    await expect(failing({ withBackground: "set-60" })).rejects.toThrow("Add --layout set-60, by which the background");
    await expect(failing({})).rejects.toThrow("Evaluate on a data set with the model's classes.");
    await expect(failing({ withBackground: "set-60", classes: classes.slice(1) })).rejects.toThrow("Evaluate on a");
  });

  it("a data set without masks", async () => {
    await expect(evaluateDataset(segmenter, dataset({ kinds: ["captions"] }))).rejects.toThrow(
      "check set: expected masks to score against, got captions in val. Evaluate on a split that has them.",
    );
  });

  it("an image without a mask", async () => {
    const { read } = dataset();
    const bare = dataset({ read: async (index) => ({ ...(await read(index)), labels: {} }) });
    await expect(evaluateDataset(segmenter, bare)).rejects.toThrow(/a.png: expected a mask to score against, got none/);
  });
});

describe("gallery", () => {
  const scores = [0.5, 0.1, null, 0.9, 0.3, 0.7].map((score, index) => ({ index, id: String(index), score }));

  it.each([
    [2, [5, 3], [1, 4]],
    [10, [5, 3], [1, 4, 0]],
    [0, [], []],
  ])("of %i a side has no image twice, worst first", (count, best, worst) => {
    const picked = pickImages(scores, count);
    expect(picked.best.map(({ index }) => index)).toEqual(best);
    expect(picked.worst.map(({ index }) => index)).toEqual(worst);
  });

  it("gives image, truth and prediction, best first", async () => {
    const { perImage } = await evaluateDataset(segmenter, dataset());
    const seen: string[] = [];
    await eachGalleryEntry(segmenter, dataset(), perImage, ({ rank, sample, prediction }) => {
      const { id, image, labels } = sample;
      expect([labels.mask?.width, prediction.labels.width]).toEqual([image.width, image.width]);
      seen.push(`${rank} ${id}`);
    });
    expect(seen[0]).toBe("best a");
    expect(seen.length).toBe(4);
  });
});
