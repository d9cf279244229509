/** Data sets of photographs and captions alone, of any size. */

import type { Dataset, Split } from "../../data/dataset.ts";
import { InputError, problem } from "../../errors.ts";
import type { Platform } from "../../platform/platform.ts";
import { allowed, type BadPairBudget } from "./bad-pairs.ts";
import { cleanedCaption } from "./clean-caption.ts";
import type { CaptionFiles } from "./formats.ts";
import type { Pairs } from "./pairs.ts";
import type { CaptionPlace } from "./place.ts";
import type { TableKind } from "./table.ts";

export interface CaptionOptions {
  /** How many pairs may be bad; by default a hundredth, but 100 always. */
  readonly badPairs?: BadPairBudget;
  /** How captions are cleaned: `yfcc` as the authors of GroupViT clean YFCC, see `cleanedCaption`. */
  readonly captionCleaning?: "yfcc";
}

/** Opens one split. Throws InputError where a file is broken, or more pairs are bad than may be. */
export async function openCaptions(
  platform: Platform,
  spec: string,
  place: CaptionPlace,
  split: Split,
  { badPairs = {}, captionCleaning }: CaptionOptions = {},
): Promise<Dataset> {
  const files = place.get(split);
  if (files === undefined) {
    const there = [...place.keys()].join(", ");
    throw new InputError(
      problem(spec, `expected a split ${split}`, `only ${there}`, "Put its pairs in a folder of it."),
    );
  }
  const found = await pairsOf(platform, files);
  const pairs = captionCleaning === undefined ? found : await cleanedPairs(found);
  const total = pairs.ids.length + found.bad.count;
  found.bad.check(spec, total, badPairs);
  if (pairs.ids.length === 0) {
    const got = found.bad.lines()[0]?.replace(/\.$/, "") ?? "none";
    throw new InputError(problem(spec, `expected pairs in the split ${split}`, got, "Add photographs with captions."));
  }
  return {
    ...{
      name: `${files.format} ${spec}`,
      place: spec,
      split,
      classes: [],
      kinds: ["captions"],
      ids: pairs.ids,
      valueMap: {},
    },
    leftOut: found.bad.lines(),
    unreadableAllowed: allowed(total, badPairs) - found.bad.count,
    source: (index) => pairs.source(index),
    async read(index, kinds = ["captions"]) {
      const { image, captions } = await pairs.read(index);
      const source = typeof image === "string" ? image : image.where;
      const decoded =
        typeof image === "string"
          ? await platform.decodeImage(image)
          : await platform.decodeImageBytes(image.bytes, image.where);
      return { id: pairs.ids[index], source, image: decoded, labels: kinds.includes("captions") ? { captions } : {} };
    },
  };
}

async function pairsOf(platform: Platform, { format, files, folder }: CaptionFiles): Promise<Pairs> {
  if (format === "webdataset") return (await import("./shards.ts")).shardPairs(platform, files);
  if (format === "text-beside-image") return (await import("./text-files.ts")).textFilePairs(platform, files, folder);
  const kind = files[0].slice(files[0].lastIndexOf(".") + 1).toLowerCase();
  if (kind === "parquet") return (await import("./parquet.ts")).parquetPairs(platform, files[0], folder);
  if (kind === "json") return (await import("./json-table.ts")).jsonPairs(platform, files[0], folder);
  const table = kind === "ndjson" ? "jsonl" : (kind as TableKind);
  return (await import("./table.ts")).tablePairs(platform, files[0], table, folder);
}

/** Captions as they are after cleaning; pairs of which none is left are dropped. */
async function cleanedPairs(pairs: Pairs): Promise<Pairs> {
  const kept: number[] = [];
  const clean = (captions: readonly string[]) => captions.map(cleanedCaption).filter((each) => each !== null);
  for (let index = 0; index < pairs.ids.length; index++) {
    const { captions } = await pairs.read(index);
    if (clean(captions).length > 0) kept.push(index);
    else pairs.bad.drop("the cleaned caption has fewer than two words", pairs.source(index));
  }
  return {
    ids: kept.map((index) => pairs.ids[index]),
    bad: pairs.bad,
    source: (at) => pairs.source(kept[at]),
    async read(at) {
      const { image, captions } = await pairs.read(kept[at]);
      return { image, captions: clean(captions) };
    },
  };
}
