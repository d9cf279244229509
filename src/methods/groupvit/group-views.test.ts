import { expect, test } from "vitest";
import { checkImage } from "../../../test/support/check-model.ts";
import { ndarray } from "../../array/ndarray.ts";
import { pillowResize } from "../../image/pillow-resize.ts";
import { groupColors, groupViews, scaledPhotograph } from "./group-views.ts";
import { recipes } from "./recipe.ts";

const recipe = recipes["groupvit-tiny"];

test("stages have colours of their own, always the same", () => {
  const [first, second] = groupColors([64, 8]);
  expect([first.length, second.length, new Set([...first, ...second].map(String)).size]).toEqual([64, 8, 72]);
  expect(groupColors([64, 8])).toEqual([first, second]);
});

test("a photograph is as large as prediction has it, whole, and at least a patch", () => {
  const size = (width: number, height: number) => {
    const scaled = scaledPhotograph(checkImage(width, height), recipe);
    return [scaled.width, scaled.height];
  };
  expect(size(128, 100)).toEqual([82, 64]);
  expect(size(3000, 100)).toEqual([256, 9]);
  expect(size(1, 1)).toEqual([64, 64]);
  expect(size(9000, 2)).toEqual([256, 8]);
});

test("a photograph is scaled by the filter that prediction takes", () => {
  const image = checkImage(128, 100);
  const scaled = scaledPhotograph(image, { ...recipe, normalization: "hf" });
  expect(scaled).toEqual(pillowResize(image, [82, 64], "bicubic"));
  expect(scaled.data).not.toEqual(scaledPhotograph(image, recipe).data);
});

test("pictures mix the photograph and the colour of each pixel's group half and half, and name what is near", () => {
  const classes = ["cat", "sofa"].map((name) => ({ name, color: [0, 0, 0] as const }));
  const [view] = groupViews(recipe, { classes, frequencies: [] });
  const image = { width: 64, height: 64, data: new Uint8Array(3 * 64 * 64).fill(100) };
  const stage = (count: number) =>
    ndarray(
      "uint8",
      [1, 64, 64],
      Uint8Array.from({ length: 4096 }, (_, i) => i % count),
    );
  const result = { stage1: stage(8), stage2: stage(2), nearest: ndarray("int32", [1, 4], Int32Array.of(1, 1, 0, 0)) };
  const pictures = view.pictures!(result, { id: "a", source: "a", image, labels: {} });
  expect(pictures.map(({ name, caption, changes }) => [name, caption, changes])).toEqual([
    ["image", "", false],
    ["stage 1", "8 groups", true],
    ["stage 2", "2 groups: sofa", true],
  ]);
  const colors = groupColors([8, 4]);
  for (const [s, { image: picture }] of pictures.slice(1).entries()) {
    const color = colors[s][1];
    expect([...picture.data.subarray(3, 6)]).toEqual(color.map((value) => Math.round(50 + value / 2)));
  }
});

test("the largest groups alone are drawn if asked for, and what is drawn is a map of the photograph's size", () => {
  const [view] = groupViews({ ...recipe, shownGroups: 1 }, { classes: [], frequencies: [] });
  const image = { width: 2, height: 1, data: new Uint8Array(6) };
  const stage = ndarray(
    "uint8",
    [1, 64, 128],
    Uint8Array.from({ length: 8192 }, (_, i) => (i % 128 < 60 ? 0 : 3)),
  );
  const weights = (...of: number[]) => ndarray("float32", [1, of.length], Float32Array.from(of));
  const result = {
    ...{ stage1: stage, stage2: stage },
    ...{ "weights:stage1": weights(9, 0, 0, 1, 0, 0, 0, 0), "weights:stage2": weights(1, 0, 0, 9) },
  };
  const pictures = view.pictures!(result, { id: "a", source: "a", image, labels: {} });
  expect(pictures.map(({ caption, map }) => [caption, map?.().data])).toEqual([
    ["", undefined],
    ["1 group", Uint8Array.of(0, 0)],
    ["1 group", Uint8Array.of(3, 3)],
  ]);
  expect(pictures[2].map!()).toMatchObject({ width: 2, height: 1, palette: groupColors([8, 4])[1] });
  const [all] = groupViews(recipe, { classes: [], frequencies: [] });
  const [, first] = all.pictures!(result, { id: "a", source: "a", image, labels: {} });
  expect(first.map!().data).toEqual(Uint8Array.of(0, 3));
});
