/**
 * What `tessera refine` makes of true masks that were coarsened: each block of n × n pixels gets the label that most of it has.
 * Mean IoU against the true masks before and after, for each named CRF; unlabelled pixels stay so and do not count.
 *
 *   npx tsx bench/dense-crf/coarse-masks.ts DATASET [--split val] [--block 8] [--count 100] [--crf deeplab-v2] [--certainty 0.9] [--out FOLDER]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openDataset } from "../../src/datasets/index.ts";
import { IGNORE, type LabelMap } from "../../src/image/image.ts";
import { confusionMatrix, countPixels, scoresOf } from "../../src/metrics/confusion.ts";
import { nodePlatform } from "../../src/platform/node.ts";
import { refineFiles } from "../../src/prediction/refine-files.ts";
import { crfNames, parseCrf } from "../../src/refinement/crf-settings.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    split: { type: "string", default: "val" },
    block: { type: "string", default: "8" },
    count: { type: "string", default: "100" },
    crf: { type: "string", multiple: true, default: [...crfNames] },
    certainty: { type: "string", default: "0.9" },
    out: { type: "string" },
  },
});
const [block, count, certainty] = [values.block, values.count, values.certainty].map(Number);
const dataset = await openDataset(nodePlatform, positionals[0], values.split as "val");
const folder = values.out ?? mkdtempSync(join(tmpdir(), "tessera-coarse-"));
const palette = dataset.classes.map(({ color }) => color);
const indexed = (map: LabelMap) =>
  nodePlatform.encodeIndexedPng({ ...map, palette: Array.from({ length: 256 }, (_, i) => palette[i] ?? [0, 0, 0]) });

try {
  const truths = new Map<string, LabelMap>();
  for (let i = 0; i < Math.min(count, dataset.ids.length); i++) {
    const { image, labels } = await dataset.read(i);
    if (labels.mask === undefined) continue;
    const name = `${i}.png`;
    truths.set(name, labels.mask);
    await nodePlatform.writeFile(join(folder, "photographs", name), await nodePlatform.encodeImage(image, "png"));
    await nodePlatform.writeFile(join(folder, "coarse", name), await indexed(coarse(labels.mask)));
  }
  console.log(`${truths.size} masks in blocks of ${block}: mean IoU ${await meanIou(join(folder, "coarse"), truths)}`);
  for (const name of values.crf) {
    const out = join(folder, name.replaceAll("/", "_"));
    const photographs = join(folder, "photographs");
    await refineFiles(nodePlatform, join(folder, "coarse"), photographs, out, parseCrf(name), { certainty });
    console.log(`${name}, certainty ${certainty}: ${await meanIou(out, truths)}`);
  }
} finally {
  if (values.out === undefined) rmSync(folder, { recursive: true });
}

/** The most frequent label of each block; unlabelled pixels do not vote. */
function coarse({ width, height, data }: LabelMap): LabelMap {
  const result = new Uint8Array(data.length);
  for (let top = 0; top < height; top += block) {
    for (let left = 0; left < width; left += block) {
      const votes = new Uint32Array(256);
      const each = (use: (i: number) => void) => {
        for (let y = top; y < Math.min(height, top + block); y++)
          for (let x = left; x < Math.min(width, left + block); x++) use(y * width + x);
      };
      each((i) => {
        votes[data[i]]++;
      });
      votes[IGNORE] = 0;
      const best = votes.indexOf(Math.max(...votes));
      each((i) => {
        result[i] = votes[best] === 0 ? IGNORE : best;
      });
    }
  }
  return { width, height, data: result };
}

async function meanIou(folder: string, truths: ReadonlyMap<string, LabelMap>): Promise<string> {
  const matrix = confusionMatrix(dataset.classes.length);
  for (const [name, truth] of truths) {
    const { width, height, data } = await nodePlatform.decodeMask(join(folder, name));
    // Only where the coarse mask has a label is there anything to compare.
    const labels = truth.data.map((label, i) => (data[i] === IGNORE ? IGNORE : label));
    countPixels(matrix, { width, height, data: labels }, { width, height, data: data as Uint8Array });
  }
  return (scoresOf(matrix).meanIou ?? Number.NaN).toFixed(4);
}
