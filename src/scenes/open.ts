import type { Dataset, Split } from "../data/dataset.ts";
import { givenKinds } from "../data/labels.ts";
import type { LabelKind, Sample } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import { IGNORE } from "../image/image.ts";
import { renderScene, type Scene } from "./render.ts";
import { parseScenesSpec, type ScenesSpec, SPLIT_RANGE, showScenesSpec } from "./spec.ts";

/**
 * The drawn data set: scenes are made as they are read, with masks, segments, captions, tags and saliency.
 *
 * spec: `scenes`, or `scenes:size=128,train=400,val=60,test=60,seed=7,kind=outdoor,classes=coarse` (`parseScenesSpec`). No
 * scene is in two splits. Unlabelled ones are images alone. Throws UsageError for a spec that cannot be read, InputError where no
 * scenes are unlabelled.
 */
export function openScenes(spec: string, split: Split): Dataset {
  const parsed = parseScenesSpec(spec);
  const name = showScenesSpec(parsed);
  if (parsed.counts[split] === 0) {
    throw new InputError(problem(name, `expected scenes in the split ${split}`, "none", `Write ${split}=100.`));
  }
  const ids = Array.from({ length: parsed.counts[split] }, (_, index) => sceneId(split, index));
  const { classes, indices } = parsed.classes;
  const values = Object.fromEntries(classes.map((_, index) => [`${index}`, index]));
  const complete = parsed.border === 0 && !indices.includes(IGNORE);
  const kinds = split === "unlabelled" ? [] : givenKinds;
  const draw = async (index: number, wanted: readonly LabelKind[] = kinds): Promise<Sample> => {
    await new Promise((resolve) => turn(resolve, 0)); // drawing blocks: Ctrl-C and progress get their turn
    const { labels, ...sample } = sampleOf(parsed, split, index);
    const asked = kinds.filter((kind) => wanted.includes(kind));
    return { ...sample, labels: Object.fromEntries(asked.map((kind) => [kind, labels[kind]])) };
  };
  return {
    name,
    split,
    classes,
    kinds,
    ids,
    valueMap: complete ? values : { ...values, [IGNORE]: "ignore" },
    source: (index) => sourceOf(split, index),
    read: draw,
  };
}

/** Lets others run. Of several that wait by `setTimeout`, Node starts all before it looks at signals. */
const turn: (resume: (value: unknown) => void, milliseconds: number) => unknown = globalThis.setImmediate ?? setTimeout;

/** Scene `index` of a split. Throws InputError outside 0 … count − 1. */
export function sceneOf(
  { width, height, seed, kinds, counts, border, details: share, classes }: ScenesSpec,
  split: Split,
  index: number,
): Scene {
  if (!Number.isInteger(index) || index < 0 || index >= counts[split]) {
    throw new InputError(
      problem(
        "scenes",
        `expected a scene from 0 to ${counts[split] - 1} of ${split}`,
        `${index}`,
        "Read one of those.",
      ),
    );
  }
  // Details teach; what is asked for is whole scenes.
  const details = split === "train" || split === "unlabelled" ? share : 0;
  return renderScene({ seed, index: firstIndex[split] + index, width, height, kinds, border, details, classes });
}

/** Splits draw from ranges of indices that never meet, whatever their sizes. */
const firstIndex: Record<Split, number> = {
  train: 0,
  val: SPLIT_RANGE,
  test: 2 * SPLIT_RANGE,
  unlabelled: 3 * SPLIT_RANGE,
};

/** Name of a scene, in its split and in the files written from it; sorts in reading order. */
export function sceneId(split: Split, index: number): string {
  return `${split}_${String(index).padStart(6, "0")}`;
}

function sourceOf(split: Split, index: number): string {
  return `scenes ${split} #${index}`;
}

function sampleOf(spec: ScenesSpec, split: Split, index: number): Sample {
  const { image, labels: mask, segmentMap, segments, captions, tags, saliency } = sceneOf(spec, split, index);
  return {
    id: sceneId(split, index),
    source: sourceOf(split, index),
    image,
    labels: { mask, panoptic: { ...segmentMap, segments }, captions, tags, saliency },
  };
}
