/** MaX-DeepLab's similarity, assignment and losses, against the authors' functions. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bestAssignment } from "../../src/array/assignment.ts";
import { fromNumbers, type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { Model } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import {
  classTerm,
  type LossSettings,
  maskTerm,
  matchMasks,
  publishedLosses,
  voidRatio,
} from "../../src/methods/max-deeplab/losses.ts";
import { diceOf, probabilityOf } from "../../src/methods/max-deeplab/matching.ts";
import { maskIdTerm } from "../../src/methods/max-deeplab/pixel-losses.ts";
import { lossTerms } from "../../src/methods/max-deeplab/terms.ts";
import {
  add,
  argMax,
  cast,
  div,
  greater,
  mul,
  reshape,
  softmax,
  squeeze,
  sub,
  sum,
  transpose,
  unsqueeze,
  where,
} from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { caseEntries } from "./cases.ts";
import {
  channelsFirst,
  coversFile,
  evaluateWithHost,
  feedsOf,
  goldens,
  inputsOf,
  type LabelConfig,
  targetFeeds,
  termNames,
} from "./max-deeplab.ts";

interface AssignmentCase {
  readonly name: string;
  readonly similarity: readonly (readonly number[])[];
  readonly total_similarity: number;
  readonly assignment: readonly number[];
  readonly all_optimal_assignments?: readonly (readonly number[])[];
}

for (const { name, file } of caseEntries(goldens.manifest)) {
  if (name !== "matching") continue;
  goldens.covers(name, () => {
    const { cases } = JSON.parse(readFileSync(join(goldens.folder, file!), "utf8")) as { cases: AssignmentCase[] };
    for (const { name: each, similarity, assignment, total_similarity: best, all_optimal_assignments: all } of cases) {
      const columns = similarity[0]?.length ?? 0;
      const found = Array.from(bestAssignment(similarity.flat(), similarity.length, columns));
      const total = found.reduce((sum, column, row) => sum + (column < 0 ? 0 : similarity[row][column]), 0);
      expect(total, each).toBeCloseTo(best, 9);
      expect(found.length, each).toBe(assignment.length);
      if (all !== undefined) expect(all, each).toContainEqual(found);
    }
  });
}

coversFile("mask_similarity.safetensors", async (golden) => {
  const inputs = inputsOf(golden);
  const masks = transpose(inputs.ground_truth_masks, [0, 2, 1]); // [B, K, P]
  const slots = softmax(transpose(inputs.mask_logits, [0, 2, 1]), { axis: 1 }); // [B, N, P]
  const { dice, area, intersection } = diceOf(masks, slots, unsqueeze(inputs.non_void, 1));
  const { epsilon } = golden.config as { epsilon: number };
  const predicted = sum(mul(slots, unsqueeze(inputs.non_void, 1)), { axes: [2] }); // [B, N]
  const union = sub(add(area, unsqueeze(predicted, 1)), intersection);
  const classes = probabilityOf(inputs.class_probabilities, inputs.ground_truth_class);
  const outputs = {
    "output/dice": dice,
    "output/class_similarity": classes,
    "output/pq_similarity": mul(dice, classes),
    // No part of the method; they hold areas and intersections to the authors' by themselves.
    "output/iou": div(intersection, add(union, epsilon)),
    "output/intersection_over_ground_truth": div(intersection, add(area, epsilon)),
    "output/intersection_over_prediction": div(intersection, add(unsqueeze(predicted, 1), epsilon)),
  };
  golden.check(await evaluate(outputs, feedsOf(golden)));
  golden.complete(["output"]);
});

coversFile("losses.safetensors", async (golden) => {
  const config = golden.config as unknown as LabelConfig & {
    max_thing_id: number;
    alpha: number;
    temperature: number;
    weights: { pq_style: number; mask_id: number; instance_discrimination: number; semantic: number };
  };
  const settings: LossSettings = {
    ...publishedLosses,
    pqAlpha: config.alpha,
    instanceTemperature: config.temperature,
    pqWeight: config.weights.pq_style,
    maskIdWeight: config.weights.mask_id,
    instanceWeight: config.weights.instance_discrimination,
    semanticWeight: config.weights.semantic,
  };
  const given = inputsOf(golden);
  const targets = targetFeeds(golden, config);
  const at = Object.fromEntries(
    Object.entries(targets).map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)]),
  ) as {
    [K in keyof typeof targets]: Tensor;
  };
  const model = new Model({ training: true });
  const wrt: Named<Tensor> = given;
  const inputs = {
    pixelFeature: channelsFirst(given.pixel_space_normalized_feature),
    maskLogits: channelsFirst(given.pixel_space_mask_logits),
    classLogits: given.transformer_class_logits,
    semanticLogits: channelsFirst(given.semantic_logits),
  };
  const { terms, matched } = lossTerms(model.scope, inputs, { ...at, things: config.max_thing_id }, settings);
  const losses: Record<string, Tensor> = {};
  for (const [name, term] of Object.entries(terms)) losses[termNames[name]] = term;
  losses.total_loss = Object.values(terms).reduce((left, right) => add(left, right));
  for (const [text, negativeWeight] of [
    ["none", "none"],
    ["one_minus_void_ratio", "oneMinusVoidRatio"],
  ] as const) {
    const other = classTerm(matched, inputs.classLogits, { ...settings, negativeWeight });
    losses[`${termNames.class}[negative_weight=${text}]`] = mul(other, settings.pqWeight);
  }
  const slopes = Object.keys(golden.of("grad")).map((name) => {
    const dot = name.lastIndexOf(".");
    return [`grad/${name}`, gradients(sum(losses[name.slice(0, dot)]), [wrt[name.slice(dot + 1)]])[0]] as const;
  });
  const { overlaps, matching, matchedClass, matchedDice } = matched;
  const ofPixels = maskIdTerm(matched, inputs.maskLogits);
  const slotOfPixels = where(greater(ofPixels.counted, 0), cast(ofPixels.slot, "float32"), -1);
  const outputs = {
    ...Object.fromEntries(Object.entries(losses).map(([name, loss]) => [`loss/${name}`, loss])),
    ...Object.fromEntries(slopes),
    "aux/ground_truth_area": reshape(overlaps.area, overlaps.area.shape.slice(0, 2)),
    "aux/mask_similarity": overlaps.dice,
    "aux/class_similarity": matched.classes,
    "aux/matching": matching.matrix,
    "aux/matched_mask_dice_per_slot": matchedDice,
    "aux/matched_class_prob_per_gt": matchedClass,
    "aux/void_ratio_per_slot": voidRatio(overlaps),
    "aux/mask_id_target": cast(reshape(slotOfPixels, at.segment.shape), "int32"),
  };
  const feeds = { ...feedsOf(golden), ...targets };
  golden.check((await evaluateWithHost(model, outputs, feeds)).values);
  // There, classes are labels rather than channels.
  const labels = [...config.thing_class_ids, ...config.stuff_class_ids];
  const { dtype, shape } = targets.segmentClass;
  const classes = toNumbers(targets.segmentClass).map((channel) => labels[channel] ?? -1);
  golden.check({ "aux/ground_truth_class": fromNumbers(dtype, shape, classes) });
  golden.complete(["loss", "grad", "aux"]);
});

coversFile("paper_pq_loss.safetensors", async (golden) => {
  const { alpha } = golden.config as { alpha: number };
  const { masks, classes } = golden.of("target");
  const [count, pixels] = masks.shape;
  const given = inputsOf(golden);
  const segment = Array.from({ length: pixels }, (_, at) =>
    Array.from({ length: count }, (_, mask) => mask).findIndex((mask) => Number(masks.data[mask * pixels + at]) === 1),
  );
  const targets: Named<NdArray> = {
    segment: fromNumbers("int32", [1, pixels, 1], segment),
    nonvoid: fromNumbers("uint8", [1, pixels, 1], new Array<number>(pixels).fill(1)),
    segmentClass: fromNumbers("int32", [1, count], toNumbers(classes)),
  };
  const at = Object.fromEntries(
    Object.entries(targets).map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)]),
  );
  const settings: LossSettings = { ...publishedLosses, pqAlpha: alpha, pqForm: "paper" };
  const maskLogits = unsqueeze(unsqueeze(transpose(given.mask_logits, [1, 0]), 0), 3);
  const classLogits = unsqueeze(given.class_logits, 0);
  const model = new Model({ training: true });
  const matched = matchMasks(
    model.scope,
    { maskLogits, classLogits, pixelFeature: maskLogits },
    { segment: at.segment, nonvoid: at.nonvoid, segmentClass: at.segmentClass },
    settings,
  );
  const lossAt = (pqAlpha: number) => {
    const shared = { ...settings, pqAlpha };
    return add(sum(maskTerm(matched, shared)), sum(classTerm(matched, classLogits, shared)));
  };
  const total = lossAt(alpha);
  const [ofMasks, ofClasses] = gradients(total, [given.mask_logits, given.class_logits]);
  const outputs = {
    "loss/total": total,
    "loss/positive": lossAt(1),
    "loss/negative": lossAt(0),
    "grad/mask_logits": ofMasks,
    "grad/class_logits": ofClasses,
    "aux/dice": squeeze(matched.overlaps.dice, 0),
    "aux/similarity": squeeze(mul(matched.overlaps.dice, matched.classes), 0),
    assignment: argMax(matched.matching.matrix, { axis: 2 }),
  };
  const { values } = await evaluateWithHost(model, outputs, { ...feedsOf(golden), ...targets });
  const { assignment, ...others } = values;
  golden.check(others);
  expect(toNumbers(assignment)).toEqual(toNumbers(golden.of("aux").assignment));
  golden.complete(["grad", "loss"]);
});

test("terms whose factor is 0 are left out", () => {
  const at = (name: string, shape: readonly number[], dtype: "float32" | "int32" | "uint8" = "float32") =>
    input(name, shape, dtype);
  const found = lossTerms(
    new Model({ training: true }).scope,
    {
      pixelFeature: at("feature", [1, 3, 2, 2]),
      maskLogits: at("masks", [1, 4, 2, 2]),
      classLogits: at("classes", [1, 4, 3]),
      semanticLogits: null,
    },
    {
      segment: at("segment", [1, 2, 2], "int32"),
      nonvoid: at("nonvoid", [1, 2, 2], "uint8"),
      segmentClass: at("segmentClass", [1, 5], "int32"),
      semantic: at("semantic", [1, 2, 2], "int32"),
      semanticWeight: at("weight", [1, 2, 2]),
      things: 3,
    },
    { ...publishedLosses, maskIdWeight: 0 },
  );
  expect(Object.keys(found.terms)).toEqual(["mask", "class", "instance"]);
});
