/** What MaX-DeepLab makes of images and their segments, before and after the network, against the authors' numbers. */
import { expect } from "vitest";
import { fromNumbers, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import type { Segment } from "../../src/data/sample.ts";
import { viewImage, viewSegmentIds, wholeView } from "../../src/image/resize.ts";
import { fittedSize, placedImage, placedSegments, wholePlace } from "../../src/methods/max-deeplab/augment.ts";
import { panopticFromMasks } from "../../src/methods/max-deeplab/postprocess.ts";
import { labelsOf, maskTargets } from "../../src/methods/max-deeplab/targets.ts";
import { cast, transpose, unsqueeze } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { coversFile, feedsOf, inputsOf } from "./max-deeplab.ts";

coversFile("ground_truth.safetensors", (golden) => {
  const config = golden.config as unknown as {
    segments_info: { id: number; category_id: number; iscrowd: number }[];
    category_order: number[];
    thing_contiguous_ids: string;
    treat_crowd_as_ignore: boolean;
    max_thing_id: number;
    small_instance_threshold: number;
    small_instance_weight: number;
    label_divisor: number;
    stride: number;
  };
  const { segment_ids: ids } = golden.of("input");
  const [height, width] = ids.shape;
  const [first, last] = config.thing_contiguous_ids.split("..").map(Number);
  const classes = config.category_order.map((id, i) => ({
    ...{ name: `${id}`, color: [0, 0, 0] as const, thing: i + 1 >= first && i + 1 <= last },
  }));
  const segments = config.segments_info.map(
    ({ id, category_id, iscrowd }): Segment => ({
      ...{ id, classIndex: config.category_order.indexOf(category_id), crowd: iscrowd === 1 },
    }),
  );
  const options = {
    maxThings: config.max_thing_id,
    crowdIsVoid: config.treat_crowd_as_ignore,
    smallArea: config.small_instance_threshold,
    smallWeight: config.small_instance_weight,
  };
  const map = { width, height, data: Uint32Array.from(toNumbers(ids)), segments };
  const found = labelsOf(map, classes, options, "golden");
  const labels = classes.map((_, i) => i + 1);
  const order = {
    things: labels.filter((label) => classes[label - 1].thing),
    stuff: labels.filter((label) => !classes[label - 1].thing),
    ignoreLabel: 0,
  };
  const strided = maskTargets(found, order, config.stride);
  const things = Array.from(strided.segment, (segment) => (segment < config.max_thing_id ? segment : -1));
  const small = [strided.height, strided.width];
  golden.check({
    "output/semantic": fromNumbers("int32", [height, width], Array.from(found.semantic)),
    "output/thing_id_mask": fromNumbers("int32", [height, width], Array.from(found.thingId)),
    "output/thing_id_class": fromNumbers("int32", [config.max_thing_id], Array.from(found.thingClass)),
    "output/semantic_strided": fromNumbers("int32", small, Array.from(strided.semantic)),
    "output/thing_id_strided": fromNumbers("int32", small, things),
  });
  // Of `panoptic_label` we have the class and which pixels are one thing, whatever its number.
  const { panoptic_label: labelled, is_crowd: crowd } = golden.of("output");
  const [together, crowded] = [labelled, crowd].map(toNumbers);
  expect(Array.from(found.semantic)).toEqual(together.map((label) => Math.floor(label / config.label_divisor)));
  const numbered = Array.from(found.thingId, (thing, at) => ({ thing, label: together[at] })).filter(
    ({ thing }) => thing >= 0,
  );
  const pairs = new Set(numbered.map(({ thing, label }) => `${thing} ${label}`));
  expect(new Set(numbered.map(({ thing }) => thing)).size).toBe(pairs.size);
  expect(new Set(numbered.map(({ label }) => label)).size).toBe(pairs.size);
  const region = new Map(segments.map((segment) => [segment.id, segment]));
  expect(crowded).toEqual(toNumbers(ids).map((id) => +(region.get(id)?.crowd ?? false)));
  // The authors' weight of void is 1 here and 0 in the loss.
  const given = toNumbers(golden.of("output").semantic_weight);
  const other = Array.from(found.weight).findIndex(
    (weight, at) => weight !== (found.semantic[at] === 0 ? 0 : given[at]),
  );
  expect(other).toBe(-1);
});

coversFile("postprocess.safetensors", async (golden) => {
  const config = golden.config as unknown as {
    thing_class_ids: number[];
    ignore_label: number;
    label_divisor: number;
    thing_area_limit: number;
    stuff_area_limit: number;
    pixel_confidence_threshold: number;
    class_confidence_threshold: number;
    output_height: number;
    output_width: number;
  };
  const inputs = inputsOf(golden);
  const classes = inputs.class_logits.shape[1] - 1;
  const labels = Array.from({ length: classes + 1 }, (_, label) => label).filter(
    (label) => label !== config.ignore_label,
  );
  const order = {
    things: config.thing_class_ids,
    stuff: labels
      .filter((label) => !config.thing_class_ids.includes(label))
      .slice(0, classes - config.thing_class_ids.length),
    ignoreLabel: config.ignore_label,
  };
  const masks = unsqueeze(transpose(inputs.mask_logits, [2, 0, 1]), 0);
  const found = panopticFromMasks(masks, unsqueeze(inputs.class_logits, 0), order, {
    classThreshold: config.class_confidence_threshold,
    pixelThreshold: config.pixel_confidence_threshold,
    thingArea: config.thing_area_limit,
    stuffArea: config.stuff_area_limit,
    size: [config.output_height, config.output_width],
    divisor: config.label_divisor,
  });
  const { slot, channel, ...values } = await evaluate(
    {
      slot: cast(found.slot, "int32"),
      channel: cast(found.channel, "int32"),
      "output/panoptic": cast(found.panoptic, "int32"),
      "output/confident": cast(found.confident, "int32"),
      "output/detected": cast(found.detected, "int32"),
      "output/class_confidence": found.confidence,
      "output/pixel_confidence": found.pixelConfidence,
    },
    feedsOf(golden),
  );
  const { mask_id, class_pred } = golden.of("output");
  const fragile = toNumbers(golden.of("aux").fragile_pixels);
  const settled = (array: NdArray, truth: NdArray) => {
    const expected = toNumbers(truth);
    return fromNumbers(
      "int32",
      array.shape,
      toNumbers(array).map((value, at) => (fragile[at] === 1 ? expected[at] : value)),
    );
  };
  // Predictions are channels here and may be labels there.
  const channels = toNumbers(channel);
  const all = [...order.things, ...order.stuff];
  const asLabels = channels.map((each) => all[each]);
  expect([channels, asLabels]).toContainEqual(toNumbers(class_pred));
  golden.check({
    ...values,
    "output/panoptic": settled(values["output/panoptic"], golden.of("output").panoptic),
    "output/confident": settled(values["output/confident"], golden.of("output").confident),
    // There, slots are counted from 1.
    "output/mask_id": settled(
      fromNumbers(
        "int32",
        slot.shape,
        toNumbers(slot).map((each) => each + 1),
      ),
      mask_id,
    ),
  });
  expect(fragile.filter((each) => each === 1).length).toBeLessThan(fragile.length / 10);
});

coversFile("preprocess.safetensors", (golden) => {
  const { crop, size_table: table } = golden.config as unknown as {
    crop: number;
    size_table: { height: number; width: number; crop: number; resized: number[] }[];
  };
  for (const { height, width, crop: side, resized } of table) {
    expect(fittedSize([height, width], [side, side]), `${height} x ${width} for ${side}`).toEqual(resized);
  }
  const { image, label, predicted_panoptic: predicted } = golden.of("input");
  const output = golden.of("output");
  const [height, width] = image.shape;
  const place = wholePlace([height, width], [crop, crop]);
  const { view } = place;
  const photograph = { width, height, data: Uint8Array.from(toNumbers(image)) };
  // Ours are bytes: off by half a grey level at most.
  const bytes = Array.from(viewImage(photograph, view).data);
  const floats = toNumbers(output.resized_image);
  expect(bytes.length).toBe(floats.length);
  for (const [at, byte] of bytes.entries()) expect(Math.abs(byte - floats[at])).toBeLessThanOrEqual(0.501);
  const padded = Array.from(placedImage(photograph, place, [crop, crop]).data, (byte) => byte / 127.5 - 1);
  const network = toNumbers(output.network_input);
  for (const [at, value] of padded.entries()) expect(Math.abs(value - network[at])).toBeLessThanOrEqual(0.501 / 127.5);

  const map = { width, height, data: Uint32Array.from(toNumbers(label)), segments: [] };
  const back = viewSegmentIds(
    Uint32Array.from(toNumbers(predicted)).filter(
      (_, at) => at % crop < view.width && Math.floor(at / crop) < view.height,
    ),
    view.width,
    view.height,
    { ...wholeView(width, height), corners: true },
  );
  golden.check({
    "output/resized_label": fromNumbers(
      "int32",
      [view.height, view.width],
      Array.from(viewSegmentIds(map.data, width, height, view)),
    ),
    "output/padded_label": fromNumbers(
      "int32",
      [crop, crop],
      Array.from(placedSegments(map, place, [crop, crop]).data),
    ),
    "output/panoptic_original_size": fromNumbers("int32", [height, width], Array.from(back)),
  });
});
