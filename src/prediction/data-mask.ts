/** Masks that hold what those of the data set do, which the model was trained on. */

import { classesText } from "../data/mask-mark.ts";
import { InputError, problem } from "../errors.ts";
import { formatColor, parseColor } from "../image/color.ts";
import { type Color, IGNORE, type LabelMap } from "../image/image.ts";
import type { Platform } from "../platform/platform.ts";
import type { ModelCard } from "./model.ts";

/** What a mask's pixels hold: indices of the model's classes, or the values (or colours) of the data set's masks. */
export const maskValueForms = ["classes", "data"] as const;
export type MaskValues = (typeof maskValueForms)[number];

/** What stands for a class, or for nothing, in the data set's masks: where several values do, the first. */
export function dataValues(
  { classes, valueMap }: Pick<ModelCard, "classes" | "valueMap">,
  where: string,
): {
  readonly ofClass: readonly string[];
  readonly unlabelled: string | undefined;
} {
  const keys = Object.keys(valueMap);
  const ofClass = classes.map(({ name }, index) => {
    const key = keys.find((each) => valueMap[each] === index);
    if (key !== undefined) return key;
    const remedy = "Leave --mask-values out: the mask then holds class indices and says their names.";
    throw new InputError(
      problem(where, `expected a mask value for "${name}" in what the model knows of its data`, "none", remedy),
    );
  });
  return { ofClass, unlabelled: keys.find((each) => valueMap[each] === "ignore") };
}

/** labels: class indices, `IGNORE` where the model found nothing → a PNG of these, with the classes' colours and names. */
export function encodeClassMask(
  platform: Pick<Platform, "encodeIndexedPng">,
  labels: LabelMap,
  classes: ModelCard["classes"],
): Promise<Uint8Array> {
  const count = labels.data.includes(IGNORE) ? 256 : classes.length;
  const palette = Array.from({ length: count }, (_, index): Color => classes[index]?.color ?? [0, 0, 0]);
  return platform.encodeIndexedPng({ ...labels, palette, texts: classesText(classes) });
}

/**
 * labels: class indices, `IGNORE` where the model found nothing → a PNG of the data set's values: a palette PNG with the
 * classes' colours, 16-bit grey where values are above 255, RGB where masks are coded by colours. Throws InputError where the
 * model does not know them.
 */
export async function encodeDataMask(
  platform: Pick<Platform, "encodeIndexedPng" | "encodeGrey16Png" | "encodeImage">,
  { width, height, data }: LabelMap,
  card: Pick<ModelCard, "classes" | "valueMap">,
): Promise<Uint8Array> {
  const { ofClass, unlabelled } = dataValues(card, "predict");
  const isColored = ofClass[0].startsWith("#");
  const nothing = unlabelled ?? (isColored ? formatColor([0, 0, 0]) : String(IGNORE));
  const keyOf = (label: number) => ofClass[label] ?? nothing;
  if (isColored) {
    const colors = Array.from({ length: 256 }, (_, label) => parseColor(keyOf(label)) ?? ([0, 0, 0] as const));
    const pixels = new Uint8Array(width * height * 3);
    for (let at = 0; at < data.length; at++) pixels.set(colors[data[at]], 3 * at);
    return platform.encodeImage({ width, height, data: pixels }, "png");
  }
  const values = Uint16Array.from({ length: 256 }, (_, label) => Number(keyOf(label)));
  const mapped = Uint16Array.from(data, (label) => values[label]);
  if (values.some((value) => value > 255)) return platform.encodeGrey16Png({ width, height, data: mapped });
  const palette = Array.from({ length: 256 }, (_, value): Color => {
    const index = ofClass.indexOf(String(value));
    return index < 0 ? [0, 0, 0] : card.classes[index].color;
  });
  return platform.encodeIndexedPng({ width, height, data: Uint8Array.from(mapped), palette });
}
