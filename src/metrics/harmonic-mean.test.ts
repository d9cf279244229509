import { expect, test } from "vitest";
import { harmonicMean } from "./harmonic-mean.ts";

test.each([
  ["one value is itself", [0.4], 0.4],
  ["equal values are their own mean", [0.3, 0.3, 0.3], 0.3],
  ["the low one counts most", [0.9, 0.1], 0.18],
  ["0 among others is 0", [0.9, 0], 0],
  ["nothing has none", [], null],
  ["an unknown value makes it unknown", [0.5, null], null],
])("%s", (_, values, expected) => {
  const got = harmonicMean(values);
  if (expected === null) expect(got).toBeNull();
  else expect(got).toBeCloseTo(expected, 12);
});
