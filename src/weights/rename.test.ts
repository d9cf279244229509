import { expect, test } from "vitest";
import { firstOf, partNames, renaming } from "./rename.ts";

const { ours, theirs } = renaming([
  ["encoder.stage#.unit#.conv#", "body.block#.unit#.conv#"],
  ["encoder.layer#.norm1", "encoder.layer.@.attention_norm"],
  ["head", "segmentation_head.0"],
]);

test.each([
  ["encoder.stage3.unit12.conv1.weight", "body.block3.unit12.conv1.weight"],
  ["encoder.layer1.norm1.bias", "encoder.layer.0.attention_norm.bias"],
  ["encoder.layer10.norm1", "encoder.layer.9.attention_norm"],
  ["head.weight", "segmentation_head.0.weight"],
])("%s is %s, there and back", (own, other) => {
  expect(theirs(own)).toBe(other);
  expect(ours(other)).toBe(own);
});

test.each([
  "segmentation_head.01.weight",
  "segmentation_head",
  "my.segmentation_head.0",
  "encoder.layer.01.attention_norm",
  "bodyXblock1.unit1.conv1",
])("%s lies in no place", (name) => {
  expect(ours(name)).toBeUndefined();
});

test("numbers that say nothing are read whatever they are", () => {
  const jax = renaming([["layer#.query", "block_@/Attention_*/query"]]);
  expect(jax.ours("block_4/Attention_17/query/kernel")).toBe("layer5.query/kernel");
  expect(jax.ours("block_4/Attention_/query/kernel")).toBeUndefined();
});

test("a network's names are those of its parts, the first that knows a name before the others", () => {
  const head = renaming([["head", "fc"]]);
  const trunk = renaming([
    ["stem", "conv1"],
    ["classifier", "fc"],
  ]);
  const whole = firstOf(head, partNames("encoder.", trunk));
  for (const [own, other] of [
    ["encoder.stem.weight", "conv1.weight"],
    ["head.bias", "fc.bias"],
  ]) {
    expect([whole.theirs(own), whole.ours(other)]).toEqual([other, own]);
  }
  expect([whole.ours("conv2.weight"), whole.theirs("stem.weight")]).toEqual([undefined, undefined]);
});
