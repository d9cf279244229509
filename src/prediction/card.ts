/** What an exported model says about itself, as the `metadata_props` of its file. */

import type { Named } from "../array/ndarray.ts";
import { InputError, isObject } from "../errors.ts";
import { formatColor, parseColor } from "../image/color.ts";
import { type Preparation, type ResizeFilter, resizeFilters } from "../methods/model.ts";
import { modelOf } from "../methods/stages.ts";
import { parseJson } from "../platform/json.ts";
import { version } from "../version.ts";
import type { ModelCard, TrainedModel } from "./model.ts";
import { defaultWindowing, windowings } from "./windows.ts";

/** Version of the metadata's layout; readers refuse what they do not know. */
const format = "2";

/** The card of a model that was trained here. asked: pixels of the shorter side instead of the model's own; 0: the image's. */
export function cardOf(
  { method, recipe, task, valueMap, window, shortSide, licence }: TrainedModel,
  asked?: number,
): ModelCard {
  const model = modelOf({ method, recipe }, task);
  const own = model.kind === "semantic" ? model.window : model.size;
  const windowing = model.kind === "semantic" ? (model.windowing ?? defaultWindowing) : "none";
  const {
    shortSide: wanted,
    longSide = 0,
    antialias = true,
    filter = "bilinear",
  }: Preparation = {
    ...(model.kind === "semantic" && model.preparation),
    ...(asked !== undefined && { shortSide: asked }),
  };
  return {
    ...{ kind: model.kind, method: method.name, recipe: recipe.name, classes: task.classes, valueMap },
    ...{ window: own ?? window, shortSide: wanted ?? shortSide, enlarge: wanted !== undefined },
    ...{ longSide, antialias, filter },
    averages: model.kind === "semantic" ? (model.averages ?? "probabilities") : "probabilities",
    ...{ windowing, licence, leftOut: [], version },
  };
}

/** Keys and texts: `labels` and `palette` are lists in order of class index, `value_map` maps mask values to classes. */
export function metadataOf(card: ModelCard): Named<string> {
  return {
    "tessera.format": format,
    "tessera.version": card.version,
    method: card.method,
    recipe: card.recipe,
    labels: JSON.stringify(card.classes.map(({ name }) => name)),
    palette: JSON.stringify(card.classes.map(({ color }) => formatColor(color))),
    things: JSON.stringify(card.classes.map(({ thing }) => thing ?? null)),
    categories: JSON.stringify(card.classes.map(({ categoryId }) => categoryId ?? null)),
    background: String(card.classes.findIndex(({ background }) => background)),
    value_map: JSON.stringify(card.valueMap),
    window: JSON.stringify(card.window),
    short_side: String(card.shortSide),
    enlarge: String(card.enlarge),
    long_side: String(card.longSide),
    antialias: String(card.antialias),
    filter: card.filter,
    kind: card.kind,
    windowing: card.windowing,
    averages: card.averages,
    left_out: JSON.stringify(card.leftOut),
    licence: card.licence,
  };
}

/** How images are scaled, as a file tells; files of earlier versions do not, and never did otherwise than by default. */
export function scalingFrom(metadata: Named<string>): Pick<ModelCard, "enlarge" | "longSide" | "antialias" | "filter"> {
  return {
    enlarge: metadata.enlarge === "true",
    longSide: Number(metadata.long_side ?? 0),
    antialias: metadata.antialias !== "false",
    filter: (metadata.filter ?? "bilinear") as ResizeFilter,
  };
}

/** The shorter side that the pipeline takes by default, as `workingSize` has it. */
export function ownShortSide({ shortSide, enlarge }: Pick<ModelCard, "shortSide" | "enlarge">): number {
  return enlarge ? shortSide : -shortSide;
}

/** Reads a card back. Throws InputError for models that TESSERA did not write, and for damaged metadata. */
export function cardFrom(metadata: Named<string>, where: string): ModelCard {
  if (metadata["tessera.format"] === undefined) {
    throw new InputError(
      `${where}: expected a model written by tessera export, got another ONNX model. Export a run with: tessera export RUN --out model.onnx`,
    );
  }
  if (metadata["tessera.format"] !== format) {
    throw new InputError(
      `${where}: expected metadata of format ${format}, got ${metadata["tessera.format"]}. Update tessera or export the run again.`,
    );
  }
  const damaged = (key: string) =>
    new InputError(
      `${where}: expected metadata "${key}", got ${metadata[key]?.slice(0, 60) ?? "none"}. Export the run again.`,
    );
  const parsed = (key: string): unknown => {
    try {
      return parseJson(metadata[key]);
    } catch {
      throw damaged(key);
    }
  };
  const list = (key: string): unknown[] => {
    const value = parsed(key);
    if (!Array.isArray(value)) throw damaged(key);
    return value;
  };
  const labels = list("labels");
  const palette = list("palette");
  const things = list("things");
  // Files of earlier versions have none.
  const categories = metadata.categories === undefined ? [] : list("categories");
  if (labels.length < 1 || things.length !== labels.length) throw damaged("labels");
  if (palette.length !== labels.length) throw damaged("palette");
  const classes = labels.map((name, i) => {
    const color = typeof palette[i] === "string" ? parseColor(palette[i]) : undefined;
    if (color === undefined) throw damaged("palette");
    if (typeof name !== "string") throw damaged("labels");
    const thing = things[i];
    const isBackground = metadata.background === String(i);
    return {
      name,
      color,
      ...(typeof thing === "boolean" && { thing }),
      ...(isBackground && { background: true as const }),
      ...(Number.isSafeInteger(categories[i]) && { categoryId: categories[i] as number }),
    };
  });
  const valueMap = parsed("value_map");
  if (!isObject(valueMap)) throw damaged("value_map");
  for (const value of Object.values(valueMap)) {
    if (value !== "ignore" && !(Number.isInteger(value) && Number(value) >= 0 && Number(value) < classes.length))
      throw damaged("value_map");
  }
  const [height, width] = list("window");
  const isSide = (side: unknown): side is number => typeof side === "number" && Number.isInteger(side) && side > 0;
  if (!isSide(height) || !isSide(width)) throw damaged("window");
  const { kind, windowing } = metadata;
  if (kind !== "semantic" && kind !== "panoptic") throw damaged("kind");
  if (!Object.hasOwn(windowings, windowing ?? "")) throw damaged("windowing");
  const averages = metadata.averages ?? "probabilities"; // which files of earlier versions do not tell
  if (averages !== "probabilities" && averages !== "logits") throw damaged("averages");
  const leftOut = list("left_out");
  if (!leftOut.every((each) => typeof each === "string")) throw damaged("left_out");
  const shortSide = Number(metadata.short_side);
  if (!Number.isInteger(shortSide) || shortSide < 0) throw damaged("short_side");
  const scaling = scalingFrom(metadata);
  const { longSide, filter } = scaling;
  if (!resizeFilters.includes(filter)) throw damaged("filter");
  if (!Number.isInteger(longSide) || longSide < 0) throw damaged("long_side");
  return {
    kind,
    windowing: windowing as ModelCard["windowing"],
    averages,
    leftOut,
    method: metadata.method ?? "",
    recipe: metadata.recipe ?? "",
    classes,
    valueMap: valueMap as ModelCard["valueMap"],
    window: [height, width],
    ...{ shortSide, ...scaling },
    licence: metadata.licence ?? "",
    version: metadata["tessera.version"] ?? "",
  };
}
