import { expect, it } from "vitest";
import { Random } from "../../array/random.ts";
import { classesIn, placeNames, places } from "./index.ts";

it.each(placeNames)("says of a %s what can be seen there, all of it and nothing else", (name) => {
  const { compose, classes } = places[name];
  const seen = new Set<string>();
  for (let i = 0; i < 400; i++) {
    const { placed, backdrops } = compose(new Random("places", i), 1, 1);
    for (const { className } of [...placed, ...backdrops]) seen.add(className);
  }
  expect([...seen].sort()).toEqual([...classes].sort());
});

it("joins what is seen in several", () => {
  expect(classesIn(["street", "beach"])).toEqual(new Set([...places.street.classes, ...places.beach.classes]));
});
