import { expect, test } from "vitest";
import { tagged } from "../../test/support/skeletons.ts";
import type { Dataset } from "../data/dataset.ts";
import type { LabelKind } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import type { Method } from "../methods/method.ts";
import type { Pass } from "../methods/stage.ts";
import { anyTask } from "../methods/stages.ts";
import { requireRoom } from "./disk-room.ts";

const recipe = tagged.recipes["tagged-tiny"];
const [, masks] = tagged.stages(recipe, anyTask);

/** A byte for each pixel of a photograph; `most` for all. */
function method(change: Partial<Pass>, most: number): Method {
  const room = {
    bytes: ({ width, height }: { width: number; height: number }) => width * height,
    most,
    remedy: (bytes: number) => `Add ${bytes - most}.`,
  };
  return { ...tagged, stages: () => [{ ...(masks as Pass), room, ...change }] };
}

function dataset(size: number, kindsOf: (index: number) => LabelKind[] = () => ["tags"]): Dataset {
  const ids = Array.from({ length: size }, (_, index) => `${index}`);
  return {
    ...{ name: "d", split: "train", classes: [], kinds: ["tags"], ids, valueMap: {}, kindsOf },
    source: (index) => ids[index],
    read: () => Promise.reject(new Error("nothing is to be read")),
  };
}

const sizes = [
  { width: 1000, height: 1000 },
  { width: 1000, height: 3000 },
];

function refusal(change: Partial<Pass>, most: number, data: Dataset, unlabelled: Dataset | null = null): string | null {
  try {
    const options = { dataset: data, unlabelled };
    requireRoom({ method: method(change, most), recipe }, anyTask, options, { sizes, shortSide: 500 });
    return null;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

test("a data set whose labels take more than the pass may write is refused, saying how much and what to do", () => {
  expect(refusal({}, 20e6, dataset(10))).toBeNull();
  expect(refusal({}, 20e6 - 1, dataset(10))).toBe(
    "recipe tagged-tiny: expected stage masks to write at most 20 MB, got about 20 MB for 10 photographs. Add 1.",
  );
});

test("photographs count at the size that the pass sees", () => {
  expect(refusal({ writes: ["features"] }, 5e6, dataset(10))).toBeNull();
  expect(refusal({ writes: ["features"] }, 4.9e6, dataset(10))).toContain("got about 5 MB for 10 photographs");
});

test("those count that the pass reads", () => {
  const half = dataset(10, (index) => (index % 2 === 0 ? ["tags"] : []));
  expect(refusal({}, 1, half)).toContain("for 5 photographs");
  expect(refusal({ learnsFrom: [] }, 1, half, dataset(7))).toContain("for 17 photographs");
  expect(refusal({ learnsFrom: ["features"] }, 1, half)).toContain("for 10 photographs");
});

test("a pass without bounds is not asked", () => {
  expect(refusal({ room: undefined } as Partial<Pass>, 0, dataset(10))).toBeNull();
});
