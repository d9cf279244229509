/** MaX-DeepLab whole, against the authors' networks: predicting and in training. */
import { expect } from "vitest";
import { type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { Model, type Scope } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { publishedLosses } from "../../src/methods/max-deeplab/losses.ts";
import { ourName } from "../../src/methods/max-deeplab/names.ts";
import { maxDeepLab, semanticLogits } from "../../src/methods/max-deeplab/network.ts";
import { panopticFromMasks } from "../../src/methods/max-deeplab/postprocess.ts";
import { lossTerms } from "../../src/methods/max-deeplab/terms.ts";
import { add, cast, mean, slice, sqrt, stack, sum, sumSquare } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { float32Noise } from "./float32-noise.ts";
import {
  channelsLast,
  checkGraph,
  coversFile,
  evaluateWithHost,
  feedsOf,
  type Golden,
  inputsOf,
  type LabelConfig,
  modelSettings,
  rows,
  slopesOf,
  targetFeeds,
  termNames,
  theirNames,
} from "./max-deeplab.ts";

function build(scope: Scope, golden: Golden, inputs: Named<Tensor>) {
  const config = golden.config as unknown as { num_classes_with_void: number; aspp_pool: [number, number] };
  const settings = modelSettings(golden.config);
  const classes = config.num_classes_with_void - 1;
  const outputs = maxDeepLab(scope, inputs.image_rgb, settings, classes);
  const semantic = semanticLogits(scope, outputs.encoded, settings, {
    outputs: config.num_classes_with_void,
    poolSize: config.aspp_pool,
  });
  return { ...outputs, semantic };
}

const named = ({ pixelFeature, maskLogits, classLogits, semantic }: ReturnType<typeof build>, role: string) => ({
  [`${role}/pixel_space_normalized_feature`]: channelsLast(pixelFeature),
  [`${role}/pixel_space_mask_logits`]: channelsLast(maskLogits),
  [`${role}/transformer_class_logits`]: classLogits,
  [`${role}/semantic_logits`]: channelsLast(semantic),
});

coversFile(
  null,
  async (golden) => {
    const feeds = feedsOf(golden);
    const inputs = inputsOf(golden);
    const found = build(new Model().scope, golden, inputs);
    const { encoded } = found;
    const between = {
      ...Object.fromEntries(encoded.stages.map((stage, i) => [`aux/infer.stage${i + 1}`, channelsLast(stage)])),
      "aux/infer.feature_panoptic": channelsLast(encoded.featurePanoptic),
      "aux/infer.transformer_class_feature": rows(encoded.classFeature),
      "aux/infer.transformer_mask_feature": rows(encoded.maskFeature),
    };
    const predicted = { ...between, ...named(found, "infer") };
    await checkGraph(golden, predicted, feeds);

    await checkSegments(golden, found, feeds);

    const model = new Model({ training: true });
    const trained = build(model.scope, golden, inputs);
    const averages = theirNames(golden, model.updates);
    const labels = labelConfig(golden);
    const targets = targetFeeds(golden, labels);
    const at = Object.fromEntries(
      Object.entries(targets).map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)]),
    ) as { [K in keyof typeof targets]: Tensor };
    const things = golden.of("target").thing_id_class.shape[1];
    const { terms } = lossTerms(
      model.scope,
      { ...trained, semanticLogits: trained.semantic },
      { ...at, things },
      publishedLosses,
    );
    const total = Object.values(terms).reduce((left, right) => add(left, right));
    const outputs = {
      ...named(trained, "train"),
      ...Object.fromEntries(Object.entries(averages).map(([name, tensor]) => [`running_after/${name}`, tensor])),
      ...Object.fromEntries(Object.entries(terms).map(([name, term]) => [`loss/${termNames[name]}`, term])),
      "loss/total_loss": total,
      ...slopesOf(golden, mean(total), model, inputs),
    };
    const { feeds: all } = await evaluateWithHost(model, {}, { ...feeds, ...targets });
    await checkGraph(golden, outputs, all);
    await checkNorms(golden, mean(total), model, all);
    golden.complete(["infer", "train", "running_after", "loss", "grad"]);
  },
  (config) => config.num_blocks !== undefined,
);

/** Length and sum of the gradient of every weight, of which the manifest has no more than these two numbers. */
async function checkNorms(golden: Golden, loss: Tensor, model: Model, feeds: Named<NdArray>): Promise<void> {
  const { gradient_norms: norms, mean_total_loss: total } = golden.entry as {
    gradient_norms?: Readonly<Record<string, readonly [number, number]>>;
    mean_total_loss?: number;
  };
  const { loss: found } = await evaluate({ loss }, feeds);
  if (total !== undefined) expect(Number(found.data[0])).toBeCloseTo(Number(total), 4);
  const names = Object.keys(norms ?? {}).filter((name) => !/moving_(mean|variance)$/.test(name));
  const slopes = gradients(
    loss,
    names.map((name) => model.parameters.get(ourName(name))!.tensor),
  );
  const outputs = Object.fromEntries(
    names.flatMap((name, i) => [
      [`${name} length`, sqrt(sumSquare(slopes[i]))],
      [`${name} sum`, sum(slopes[i])],
    ]),
  );
  const measured = await evaluate(outputs, feeds);
  const moves = await float32Noise(outputs, feeds);
  const largest = Math.max(...Object.values(norms ?? {}).map(([length]) => length));
  const off = names.flatMap((name) => {
    const [length, total] = norms![name];
    const count = model.parameters.get(ourName(name))!.tensor.shape.reduce((a, b) => a * b, 1);
    const isOff = (key: string, wanted: number, scale: number) => {
      // What is 0 in theory, before a norm, is dust; what a rounding of the feeds moves may be off by a few times that.
      const allowed = (2e-4 * length + 1e-5 * largest) * scale + 4 * moves[key];
      return Math.abs(Number(measured[key].data[0]) - wanted) > allowed;
    };
    const wrong = isOff(`${name} length`, length, 1) || isOff(`${name} sum`, total, Math.sqrt(count));
    return wrong
      ? [
          `${name}: ${measured[`${name} length`].data[0]} moves ${moves[`${name} length`]}, ${measured[`${name} sum`].data[0]} moves ${moves[`${name} sum`]} for ${length}, ${total}`,
        ]
      : [];
  });
  expect(off, `golden ${golden.name}: gradients`).toEqual([]);
  expect(names.length > 0 || norms === undefined).toBe(true);
}

/** What the manifest leaves out: all classes that are neither things nor void are stuff. */
function labelConfig(golden: Golden): LabelConfig {
  const config = golden.config as unknown as {
    thing_class_ids: number[];
    ignore_label: number;
    num_classes_with_void: number;
  };
  const labels = Array.from({ length: config.num_classes_with_void }, (_, label) => label);
  const isStuff = (label: number) => label !== config.ignore_label && !config.thing_class_ids.includes(label);
  return { ...config, stuff_class_ids: labels.filter(isStuff), stride: 4 };
}

/** Segments of each image, and how sure slots are of their classes, with the thresholds that the manifest says in words. */
async function checkSegments(golden: Golden, found: ReturnType<typeof build>, feeds: Named<NdArray>): Promise<void> {
  const name = "panoptic_low_thresholds";
  const expected = golden.of("output")[name];
  const words = JSON.stringify(golden.describe(`output/${name}`));
  const number = (pattern: RegExp) => Number(pattern.exec(words)?.[1]);
  const settings = {
    pixelThreshold: number(/pixel threshold ([\d.]+)/),
    classThreshold: number(/class threshold ([\d.]+)/),
    thingArea: number(/(\d+) \(things\)/),
    stuffArea: number(/(\d+) \(stuff\)/),
    divisor: number(/divisor (\d+)/),
  };
  const { thing_class_ids: things, stuff_class_ids: stuff, ignore_label: ignoreLabel } = labelConfig(golden);
  const [batch, height, width] = expected.shape;
  const images = Array.from({ length: batch }, (_, i) => {
    const one = (x: Tensor) => slice(x, [{ axis: 0, start: i, end: i + 1 }]);
    const order = { things, stuff, ignoreLabel };
    const size = [height, width] as const;
    return panopticFromMasks(one(found.maskLogits), one(found.classLogits), order, { ...settings, size });
  });
  await checkGraph(golden, { "aux/class_confidence": stack(images.map(({ confidence }) => confidence)) }, feeds);
  const ids = stack(images.map(({ panoptic }) => panoptic));
  const { panoptic } = await evaluate({ panoptic: cast(ids, "int32") }, feeds);
  const fragile = toNumbers(golden.of("aux").fragile_pixels);
  const [got, wanted] = [toNumbers(panoptic), toNumbers(expected)];
  const wrong = got.filter((id, at) => id !== wanted[at] && fragile[at] === 0).length;
  // What float32 itself moves: a pixel between two masks, at most.
  expect(wrong, golden.name).toBeLessThanOrEqual(got.length / 500);
}
