import { expect, test } from "vitest";
import { type Coverage, coverageNotes, singleClass } from "./class-coverage.ts";
import type { ClassInfo } from "./sample.ts";

const classes: readonly ClassInfo[] = ["background", "object", "leaf"].map((name) => ({ name, color: [0, 0, 0] }));
const valueMap = { "0": 0, "1": 1, "2": 2, "255": "ignore" } as const;

function covered(pixels: number[], ignoredPixels = 0, counted = 2, of = counted): Coverage {
  return { pixels, ignoredPixels, counted, of };
}

const asked = { where: "classes.json", classes, valueMap };

test("one class alone is nothing to learn, and the line to write makes unlabelled pixels a class", () => {
  expect(singleClass({ ...asked, train: covered([80, 0, 0], 20), val: null })).toBe(
    'classes.json: expected pixels of two classes or more in the masks of train, got "background" alone, 20 % of all pixels being unlabelled. ' +
      'If pixels of 255 are it, write {"name": "object", "value": 255} in classes.json and leave 255 out of ignoreIndex; if not, check its value.',
  );
  expect(singleClass({ ...asked, train: covered([80, 1, 0]), val: null })).toBeUndefined();
});

test("where no classes.json names the classes, none is to be written", () => {
  const list = { ...asked, where: "photos/labels.txt", train: covered([80, 0, 0], 20), val: null };
  expect(singleClass(list)).toBe(
    'photos/labels.txt: expected pixels of two classes or more in the masks of train, got "background" alone, 20 % of all pixels being unlabelled. ' +
      "Check what its pixels hold, or remove the class.",
  );
});

test("of colours the line names the colour", () => {
  const colors = { "#000000": 0, "#ff0000": 1, "#00ff00": 2, "#ffffff": "ignore" } as const;
  expect(singleClass({ ...asked, valueMap: colors, train: covered([80, 0, 0], 20), val: null })).toContain(
    'write {"name": "object", "color": "#ffffff"} in classes.json and leave #ffffff out of ignoreColors',
  );
});

test.each<[string, Coverage, Coverage | null, string[]]>([
  ["all classes everywhere", covered([1, 1, 1]), covered([1, 1, 1]), []],
  [
    "a class of val alone",
    covered([5, 5, 0]),
    covered([5, 5, 7]),
    [
      'classes.json: expected pixels of "leaf" in the masks of train, got none, but 7 in val. Nobody learns it so: move some of these images to train.',
    ],
  ],
  [
    "a class of no split",
    covered([5, 5, 0], 0, 400, 900),
    covered([5, 5, 0]),
    [
      'classes.json: expected pixels of "leaf" in the masks of train and val (400 of 900 looked at), got none. Check what its pixels hold, or remove the class.',
    ],
  ],
  [
    "a class of train alone",
    covered([5, 5, 5]),
    covered([5, 0, 0]),
    [
      'classes.json: expected pixels of "object", "leaf" in the masks of val, got none. Scores say nothing of what val does not show: move some images there.',
    ],
  ],
])("%s", (_, train, val, lines) => {
  expect(coverageNotes({ ...asked, train, val })).toEqual(lines);
});
