/** Which classes have no pixel where they are learned from, or scored: nothing else says so before the scores are read. */

import { problem } from "../errors.ts";
import { lastPart } from "../platform/join-path.ts";
import type { Dataset } from "./dataset.ts";
import type { ClassStatistics } from "./statistics.ts";

/** What was counted of a split. */
export interface Coverage extends Pick<ClassStatistics, "pixels" | "ignoredPixels"> {
  /** Masks that were counted, of how many. */
  readonly counted: number;
  readonly of: number;
}

interface Asked extends Pick<Dataset, "classes" | "valueMap"> {
  /** Begins the lines: the file that names the classes, or the data set. */
  readonly where: string;
  readonly train: Coverage;
  readonly val: Coverage | null;
}

/** Names that are shown. */
const shownNames = 6;

/**
 * Why nothing can be learned: a single class has all labelled pixels of train, so that whatever says nothing else is
 * always right. Undefined where there are several.
 */
export function singleClass({ where, classes, valueMap, train }: Asked): string | undefined {
  const present = classes.filter((_, index) => train.pixels[index] > 0);
  if (present.length !== 1) return undefined;
  const share = train.ignoredPixels / (train.ignoredPixels + train.pixels.reduce((sum, each) => sum + each, 0));
  const rest = share > 0 ? `, ${percent(share)} being unlabelled` : "";
  const other = classes.find((_, index) => train.pixels[index] === 0)?.name;
  const remedy =
    other === undefined && share === 0
      ? "Label something else, too."
      : lineFor(other ?? "background", where, valueMap, share > 0);
  return problem(
    where,
    "expected pixels of two classes or more in the masks of train",
    `"${present[0].name}" alone${rest}`,
    remedy,
  );
}

/** A line about names that are alike but for case and spaces: most likely one class was written in two ways. */
function alikeNames(where: string, classes: Dataset["classes"]): string[] {
  const byWord = new Map<string, string[]>();
  for (const { name } of classes) {
    const word = name
      .normalize("NFKC")
      .toLowerCase()
      .replace(/[\s_-]+/g, "");
    byWord.set(word, [...(byWord.get(word) ?? []), name]);
  }
  const alike = [...byWord.values()].filter((names) => names.length > 1);
  if (alike.length === 0) return [];
  const got = alike.map((names) => names.map((name) => `"${name}"`).join(" and ")).join(", ");
  return [problem(where, "expected classes whose names differ", got, "Call them the same if they are one class.")];
}

/** Lines about classes without pixels, or with nearly the name of another; empty where every class has some in each split. */
export function coverageNotes(asked: Asked): string[] {
  const { where, classes, valueMap, train, val } = asked;
  const none = classes.map((_, index) => index).filter((index) => train.pixels[index] === 0);
  const scored = none.filter((index) => (val?.pixels[index] ?? 0) > 0);
  const unused = none.filter((index) => !scored.includes(index));
  const names = (indices: readonly number[]) => listOf(indices.map((index) => classes[index].name));
  const lines: string[] = [];
  if (scored.length > 0) {
    const got = `none, but ${scored.map((index) => val?.pixels[index]).reduce((sum = 0, each = 0) => sum + each, 0)} in val`;
    const remedy = "Nobody learns it so: move some of these images to train.";
    lines.push(
      problem(where, `expected pixels of ${names(scored)} in the masks of train${partOf(train)}`, got, remedy),
    );
  }
  if (unused.length > 0) {
    const places = val === null ? "train" : "train and val";
    const remedy = lineFor(classes[unused[0]].name, where, valueMap, train.ignoredPixels > 0);
    lines.push(
      problem(where, `expected pixels of ${names(unused)} in the masks of ${places}${partOf(train)}`, "none", remedy),
    );
  }
  const unscored =
    val === null
      ? []
      : classes.map((_, index) => index).filter((index) => train.pixels[index] > 0 && val.pixels[index] === 0);
  if (val !== null && unscored.length > 0) {
    const remedy = "Scores say nothing of what val does not show: move some images there.";
    lines.push(
      problem(where, `expected pixels of ${names(unscored)} in the masks of val${partOf(val)}`, "none", remedy),
    );
  }
  return [...lines, ...alikeNames(where, classes)];
}

/** Where values of unlabelled pixels may be the class's: the line that makes them so, if a classes.json is what `where` names. */
function lineFor(name: string, where: string, valueMap: Dataset["valueMap"], hasIgnored: boolean): string {
  const ignored = Object.keys(valueMap).filter((key) => valueMap[key] === "ignore");
  if (!hasIgnored || ignored.length !== 1 || lastPart(where) !== "classes.json")
    return "Check what its pixels hold, or remove the class.";
  const [value] = ignored;
  const isColor = value.startsWith("#");
  const line = `{"name": ${JSON.stringify(name)}, ${isColor ? `"color": "${value}"` : `"value": ${value}`}}`;
  const key = isColor ? "ignoreColors" : "ignoreIndex";
  return `If pixels of ${value} are it, write ${line} in classes.json and leave ${value} out of ${key}; if not, check its value.`;
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).map((name) => `"${name}"`);
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more classes` : shown.join(", ");
}

function partOf({ counted, of }: Coverage): string {
  return counted < of ? ` (${counted} of ${of} looked at)` : "";
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} % of all pixels`;
}
