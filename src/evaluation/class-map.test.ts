import { describe, expect, test } from "vitest";
import { checkErrors } from "../../test/support/check.ts";
import type { ClassInfo } from "../data/sample.ts";
import { IGNORE, type Image } from "../image/image.ts";
import type { Segmenter } from "../prediction/segmenter.ts";
import { classMapFrom, mappedSegmenter } from "./class-map.ts";

const classesOf = (...names: string[]): ClassInfo[] => names.map((name, i) => ({ name, color: [i, 0, 0] }));
const from = classesOf("car", "bus", "sky", "road");
const to = classesOf("road", "vehicle");

describe("a map of classes", () => {
  test("joins classes, leaves some out, and keeps those of the same name", () => {
    const map = classMapFrom({ car: "vehicle", bus: "vehicle", sky: null }, "map.json", { from, to });
    expect([...map]).toEqual([1, 1, IGNORE, 0]);
  });

  test("may say otherwise of a name that both have", () => {
    const map = classMapFrom({ car: null, bus: null, sky: null, road: "vehicle" }, "map.json", { from, to });
    expect(map[3]).toBe(1);
  });

  test("of equal lists needs no entry", () => {
    expect([...classMapFrom({}, "map.json", { from, to: from })]).toEqual([0, 1, 2, 3]);
  });
});

const read = (value: unknown) => () => classMapFrom(value, "map.json", { from, to });
checkErrors("a map of classes", [
  ["map.json: expected an object such as", read([])],
  ["got null", read(null)],
  ['expected a class of the model, got "cars". Did you mean car?', read({ cars: "vehicle" })],
  ['expected a class of the data set or null, got "vehicles". Did you mean vehicle?', read({ car: "vehicles" })],
  ['expected a class of the data set or null, got "1".', read({ car: 1 })],
  ["got none for bus, sky.", read({ car: "vehicle" })],
]);

const image: Image = { width: 2, height: 2, data: new Uint8Array(12) };

function fake(kind: "semantic" | "panoptic"): Segmenter & { closed: boolean } {
  const card = { kind, classes: from } as unknown as Segmenter["card"];
  return {
    ...{ card, source: "run", closed: false },
    async segment() {
      return { labels: { width: 2, height: 2, data: Uint8Array.of(0, 1, 2, 3) }, areas: [1, 1, 1, 1] };
    },
    async close() {
      this.closed = true;
    },
  };
}

test("predictions are mapped pixel by pixel, and their areas added up", async () => {
  const inner = fake("semantic");
  const mapped = mappedSegmenter(inner, to, Uint8Array.of(1, 1, IGNORE, 0));
  const { labels, areas } = await mapped.segment(image);
  expect([...labels.data]).toEqual([1, 1, IGNORE, 0]);
  expect(areas).toEqual([1, 2]);
  expect(mapped.card.classes).toBe(to);
  await mapped.close();
  expect(inner.closed).toBe(true);
});

test("segments are not mapped", () => {
  expect(() => mappedSegmenter(fake("panoptic"), to, Uint8Array.of(0, 0, 0, 0))).toThrow(
    "run: expected a model of a class per pixel for a map of classes, got one of segments.",
  );
});
