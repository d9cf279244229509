/** What the groups of a model are worth, before they are named: oracle mean IoU and mask probing, for `tessera eval --groups`. */
import { requireArrays } from "../array/check-arrays.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import type { ClassInfo, Sample } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { IGNORE, type LabelMap } from "../image/image.ts";
import type { GroupMaps } from "../methods/groups.ts";
import { confusionMatrix, countPixels, scoresOf } from "../metrics/confusion.ts";
import { bestJaccard, oracleLabels } from "../metrics/groups.ts";
import { shares } from "../metrics/measure.ts";
import { writeLabels } from "../prediction/enlarge.ts";
import { graphRunner } from "../prediction/graph-runner.ts";
import type { Engine } from "../runtime/engine.ts";
import type { FurtherScorer } from "./scorer.ts";
import { withBatchAxis } from "./trial.ts";

/** A label is a byte, and one of them says that nothing is there. */
const mostGroups = 255;

/**
 * Of the last stage: the mean IoU where each group of a photograph has the class that fits it best (`oracle mean IoU`), and the largest
 * IoU that one group has with a mask, averaged over photographs (`mask probing`). That mask is all that is not background; of data without
 * a background, each class that a photograph has, averaged.
 *
 * Release it when all is counted.
 */
export function groupScorer(
  groups: GroupMaps,
  {
    engine,
    weights,
    classes,
  }: { readonly engine: Engine; readonly weights: Named<NdArray>; readonly classes: readonly ClassInfo[] },
): FurtherScorer & { release(): Promise<void> } {
  const stage = groups.stages[groups.stages.length - 1];
  if (stage.count > mostGroups) {
    throw new InputError(
      `groups: expected at most ${mostGroups} groups to score, got ${stage.count}. Leave --groups out.`,
    );
  }
  const runner = graphRunner(engine, weights, "groups", (scope, inputs) => groups.outputs(scope, inputs));
  const total = confusionMatrix(classes.length);
  const background = classes.findIndex((each) => each.background === true);
  const probed: number[] = [];
  return {
    async add({ image, labels: { mask }, source }: Sample) {
      if (mask === undefined) return;
      const inputs = groups.prepare(image);
      requireArrays(inputs, "prepare of groups");
      const result = await runner.run(withBatchAxis(inputs));
      const map = labelsOf(result[`map:${stage.name}`], mask);
      countPixels(total, mask, oracleLabels(map, mask, classes.length, source), source);
      const best = probe(map, mask, background, source);
      if (best !== null) probed.push(best);
    },
    measures() {
      const mean = probed.length === 0 ? null : probed.reduce((sum, best) => sum + best, 0) / probed.length;
      return shares({ "oracle mean IoU": scoresOf(total).meanIou, "mask probing": mean });
    },
    release: () => runner.release(),
  };
}

/** The group of each pixel. map: [1, G, rows, columns], enlarged bilinearly to `size`. */
function labelsOf({ shape: [, count, rows, columns], data }: NdArray, { width, height }: LabelMap): LabelMap {
  const labels = new Uint8Array(width * height);
  const map = { height: rows, width: columns, top: 0, left: 0, rows, columns, data: data as Float32Array };
  writeLabels(labels, [height, width], { top: 0, bottom: height, left: 0, right: width }, [map], count);
  return { width, height, data: labels };
}

/** Null where a photograph has no mask to probe. */
function probe(groups: LabelMap, truth: LabelMap, background: number, where: string): number | null {
  if (background >= 0) return bestJaccard(groups, truth, (label) => label !== background, where);
  const there = [...new Set(truth.data)].filter((label) => label !== IGNORE);
  const each = there.flatMap((only) => bestJaccard(groups, truth, (label) => label === only, where) ?? []);
  return each.length === 0 ? null : each.reduce((sum, best) => sum + best, 0) / each.length;
}
