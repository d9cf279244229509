import { describe, expect, test } from "vitest";
import { float32, toNumbers } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { swin } from "./swin.ts";
import { ourMerging, theirMerging } from "./swin-encoders.ts";

const small = { width: 8, depths: [1, 1, 1, 1], heads: [1, 2, 2, 4], window: 3 };

test.each([
  [
    [64, 96],
    ["4: 8,16,24", "8: 16,8,12", "16: 32,4,6", "32: 64,2,3"],
  ],
  [
    [52, 45],
    ["4: 8,13,12", "8: 16,7,6", "16: 32,4,3", "32: 64,2,2"],
  ],
  [
    [1, 1],
    ["4: 8,1,1", "8: 16,1,1", "16: 32,1,1", "32: 64,1,1"],
  ],
])("pictures of %s pixels give maps rounded up", (sides, expected) => {
  const maps = swin(new Model().scope, input("x", [2, 3, ...sides]), small);
  expect(maps.map(({ stride, map }) => `${stride}: ${map.shape.slice(1)}`)).toEqual(expected);
});

test("stochastic depth grows evenly over the blocks of all stages", () => {
  const model = new Model({ training: true });
  swin(model.scope, input("x", [2, 3, 32, 32]), { ...small, dropPath: 0.3 });
  // The first block drops nothing, so it draws nothing.
  expect([...model.noises.keys()].map((name) => name.replace(/\..*/, ""))).toEqual(
    [2, 3, 4].flatMap((stage) => [`stage${stage}`, `stage${stage}`]),
  );
});

test("heads are asked for of each stage", () => {
  const build = () => swin(new Model().scope, input("x", [1, 3, 32, 32]), { ...small, heads: [1] });
  expect(build).toThrow("expected heads of 4 stages, got 1");
  expect(build).toThrow(InputError);
});

describe("merged channels", () => {
  /** Two channels: theirs are (row, column) = (0, 0), (1, 0), (0, 1), (1, 1) of both. */
  const theirs = float32([1, 8], [0, 100, 10, 110, 1, 101, 11, 111]);
  const ours = float32([1, 8], [0, 1, 10, 11, 100, 101, 110, 111]);

  test("lie place by place in the authors' files and channel by channel here", () => {
    expect(ourMerging("stage1.merge.reduction.weight", theirs)).toEqual(ours);
    expect(theirMerging("stage1.merge.reduction.weight", ours)).toEqual(theirs);
    expect(ourMerging("stage1.merge.norm.bias", theirs)).toEqual(ours);
  });

  test("there and back are the same, row by row, and other weights stay", () => {
    const weight = float32(
      [3, 20],
      Array.from({ length: 60 }, (_, i) => i),
    );
    const there = theirMerging("stage2.merge.reduction.weight", weight);
    expect(toNumbers(there)).not.toEqual(toNumbers(weight));
    expect(ourMerging("stage2.merge.reduction.weight", there)).toEqual(weight);
    expect(ourMerging("stage2.block1.mlp.out.weight", weight)).toBe(weight);
  });
});
