import { describe, expect, test } from "vitest";
import { float32, ndarray } from "../array/ndarray.ts";
import { labelKinds } from "../data/labels.ts";
import type { LabelKind, Labels, SegmentMap } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { requireLabels, requireSegments } from "./check-labels.ts";

const bounds = { width: 2, height: 1, classes: 2 };
const mask = { width: 2, height: 1, data: Uint8Array.of(1, 255) };
const segments: SegmentMap = {
  ...{ width: 2, height: 1, data: Uint32Array.of(7, 0) },
  segments: [{ id: 7, classIndex: 1, crowd: false }],
};

const mapOf = (bits: number) => ({ stride: 2, values: ndarray("float16", [1, 1, 1], Uint16Array.of(bits)) });

test("labels that fit are taken, and so are none", () => {
  const all: Labels = { mask, saliency: mask, tags: [0, 1], captions: ["a"], panoptic: segments };
  const features = { width: 2, height: 1, maps: [mapOf(0x3c00)] };
  expect(() => requireLabels({ ...all, features }, labelKinds, bounds, "here")).not.toThrow();
  expect(() => requireLabels({}, ["mask"], bounds, "here")).not.toThrow();
});

describe("labels are refused", () => {
  test.each<[string, LabelKind[], unknown, string]>([
    [
      "of a kind that is not declared",
      ["tags"],
      { mask },
      "here: expected labels of the kinds that it writes (tags), got mask. Correct the method.",
    ],
    [
      "of another size",
      ["mask"],
      { mask: { ...mask, width: 1, height: 2 } },
      "here: mask: expected a map of the photograph's 2x1, got one of 1x2 with 2 pixels.",
    ],
    [
      "with too few pixels",
      ["saliency"],
      { saliency: { ...mask, data: Uint8Array.of(1) } },
      "got one of 2x1 with 1 pixels",
    ],
    [
      "of a class that is none",
      ["mask"],
      { mask: { ...mask, data: Uint8Array.of(0, 2) } },
      "here: expected a class from 0 to 1 or 255 (ignored) in mask, got 2.",
    ],
    ["with tags that are none", ["tags"], { tags: [0.5] }, "expected tags that are a class from 0 to 1, got 0.5"],
    [
      "with features that are none",
      ["features"],
      { features: 1 },
      "here: features: expected maps by stride, got number",
    ],
    [
      "with features of another type",
      ["features"],
      { features: { width: 2, height: 1, maps: [{ stride: 2, values: float32([1, 1, 1], [1]) }] } },
      "here: features: expected maps of float16 [C, h, w], got float32 [1, 1, 1]. Correct the method.",
    ],
    [
      "with features that are no numbers",
      ["features"],
      { features: { width: 2, height: 1, maps: [mapOf(0x7e00)] } },
      "here: features: expected finite numbers, got others in the map of stride 2. Correct the method.",
    ],
    [
      "with captions that are no list",
      ["captions"],
      { captions: "a" },
      "expected captions as a list of texts, got string",
    ],
  ])("%s", (_, writes, labels, message) => {
    expect(() => requireLabels(labels as Labels, writes, bounds, "here")).toThrow(message);
  });
});

test("a segment without a pixel is dropped", () => {
  const more = { ...segments, segments: [...segments.segments, { id: 9, classIndex: 0, crowd: false }] };
  expect(requireSegments(more, bounds, "here")).toEqual(segments);
  expect(requireLabels({ panoptic: more }, ["panoptic"], bounds, "here")).toEqual({ panoptic: segments });
});

describe("segments are refused", () => {
  const [segment] = segments.segments;
  test.each<[string, unknown, string]>([
    ["that are none", undefined, "got undefined"],
    ["that are a promise", Promise.resolve(segments), "got a promise"],
    [
      "of half a class",
      { ...segments, segments: [{ ...segment, classIndex: 0.5 }] },
      "whose classIndex is a class from 0 to 1, got 0.5",
    ],
    ["of one id", { ...segments, segments: [segment, segment] }, "ids of segments above 0, each once, got 7"],
    [
      "that the map has alone",
      { ...segments, data: Uint32Array.of(7, 8) },
      "expected ids of its segments in the map, got 8",
    ],
    [
      "of another size",
      { ...segments, width: 3 },
      "here: segments: expected a map of the photograph's 2x1, got one of 3x1",
    ],
  ])("%s", (_, map, message) => {
    expect(() => requireSegments(map as SegmentMap, bounds, "here")).toThrow(message);
    expect(() => requireSegments(map as SegmentMap, bounds, "here")).toThrow(InputError);
  });
});
