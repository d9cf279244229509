/** Masks whose classes nothing names: what is there in place of a list, or the list to write, with what the masks hold. */

import { InputError, problem } from "../errors.ts";
import { formatColor } from "../image/color.ts";
import { IGNORE } from "../image/image.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { someMasks } from "./mask-file.ts";

/** Values that are written into the line. */
const mostValues = 20;

/** root: of the data set; masks: its files. */
export async function missingClasses(platform: Platform, root: string, masks: readonly string[]): Promise<InputError> {
  const file = joinPath(root, "classes.json");
  const expected = "expected the list of classes";
  const near = (await platform.list(root)).find(
    (name) => /^[^.].*\.(?:txt|csv|json|ya?ml)$/i.test(name) && isMeant(name),
  );
  if (near !== undefined) {
    const ending = near.slice(near.lastIndexOf(".") + 1).toLowerCase();
    const name = { txt: "classes.txt", csv: "class_dict.csv", json: "classes.json" }[ending];
    const remedy =
      name === undefined
        ? "Write its names into classes.txt, in the order of their values."
        : `If that is it, call it ${name}.`;
    return new InputError(problem(file, expected, `only ${near}`, remedy));
  }
  const line =
    (await lineOf(platform, masks)) ?? '{"ignoreIndex": 255, "classes": [{"name": "sky"}, {"name": "road"}]}';
  return new InputError(problem(file, expected, "no such file", `Write one: ${line}.`));
}

function isMeant(name: string): boolean {
  return /class|label|categor|names|colou?r|palette/i.test(name) && !/^(?:tags|captions|things)\./i.test(name);
}

/** A classes.json for what some masks hold; undefined where they cannot be read or hold too much. */
async function lineOf(platform: Platform, masks: readonly string[]): Promise<string | undefined> {
  const found = new Set<string>();
  for await (const { raw } of someMasks(platform, masks)) {
    const { data, channels, bits } = raw;
    for (let i = 0; i < data.length && found.size <= mostValues; i += channels) {
      const isGrey = channels < 3 || (data[i] === data[i + 1] && data[i] === data[i + 2]);
      if (!isGrey && bits === 16) return undefined;
      found.add(isGrey ? String(data[i]) : formatColor([data[i], data[i + 1], data[i + 2]]));
    }
  }
  const isColored = [...found].some((value) => value.startsWith("#"));
  const values = [...found].map((value) => (isColored && !value.startsWith("#") ? greyColor(Number(value)) : value));
  if (values.length === 0 || values.length > mostValues) return undefined;
  if (isColored) {
    const classes = values.sort().map((color) => `{"name": "class ${color}", "color": "${color}"}`);
    return `{"colorCoded": true, "classes": [${classes.join(", ")}]}`;
  }
  const numbers = values.map(Number).sort((a, b) => a - b);
  // 0 and 255 alone are black and white; beside others 255 is what nobody labelled.
  const ignores = numbers.includes(IGNORE) && numbers.length > 2;
  const classes = numbers
    .filter((value) => !(ignores && value === IGNORE))
    .map((value) => `{"name": "class ${value}", "value": ${value}}`);
  return `{${ignores ? `"ignoreIndex": ${IGNORE}, ` : ""}"classes": [${classes.join(", ")}]}`;
}

function greyColor(value: number): string {
  return formatColor([value, value, value]);
}
