import { expect, test } from "vitest";
import { mergeProblems } from "./merge-problems.ts";
import { makeProblem } from "./pairs.ts";

test("one fault in many files is told once, with the files", () => {
  const names = ["aa", "bb", "cc", "dd", "ee"];
  const problems = names.map((name, at) =>
    makeProblem(`m/${name}.png`, `expected an image named "${name}"`, `${at} pixels like m/${name}.jpg`, "Add it."),
  );
  const other = makeProblem("m/zz.png", "expected a mask", "none", "Add it.");
  expect(mergeProblems([...problems, other])).toEqual([
    {
      file: "m/aa.png",
      files: names.map((name) => `m/${name}.png`),
      message:
        'm/aa.png: expected an image named "aa", got 0 pixels like m/aa.jpg. Add it. So are 4 others: bb.png, cc.png, dd.png and 1 more.',
    },
    other,
  ]);
});
