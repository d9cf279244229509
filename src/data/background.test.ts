import { expect, test } from "vitest";
import { backgroundOf, foregroundOf } from "./background.ts";

const named = (...names: string[]) => ({ classes: names.map((name) => ({ name, color: [0, 0, 0] as const })) });

test.each([
  ["background", "cow", "sheep"],
  ["_background_", "cow", "sheep"],
  ["Background", "cow", "sheep"],
])("a class called %s is the background where none is said to be", (...names) => {
  expect(backgroundOf(named(...names))).toBe(0);
  expect(foregroundOf(named(...names))).toEqual([1, 2]);
});

test("the class that is said to be the background is it, whatever others are called", () => {
  const { classes } = named("background", "nothing", "cow");
  const task = { classes: classes.map((each, i) => (i === 1 ? { ...each, background: true as const } : each)) };
  expect([backgroundOf(task), foregroundOf(task)]).toEqual([1, [0, 2]]);
});

test("without a background all classes may be named", () => {
  expect(backgroundOf(named("cow", "backgrounds"))).toBeUndefined();
  expect(foregroundOf(named("cow", "sheep"))).toEqual([0, 1]);
});
