import { expect, test } from "vitest";
import { put, temporaryFolder } from "../../test/support/pictures.ts";
import type { ClassInfo } from "../data/sample.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { encodeDataMask } from "./data-mask.ts";

const classes: readonly ClassInfo[] = [
  { name: "sky", color: [1, 2, 3] },
  { name: "road", color: [4, 5, 6] },
];
const labels = { width: 3, height: 1, data: Uint8Array.of(1, 0, 255) };

test.each<[string, Readonly<Record<string, number | "ignore">>, number[]]>([
  ["values in an order of its own", { "2": 0, "0": 1, "7": 1, "9": "ignore" }, [0, 2, 9]],
  ["values above 255", { "300": 0, "5": 1 }, [5, 300, 255]],
  ["colours", { "#ff0000": 0, "#00ff00": 1, "#0000ff": "ignore" }, [0, 255, 0, 255, 0, 0, 0, 0, 255]],
])("a mask of the data set's %s holds what that set's masks do", async (_, valueMap, expected) => {
  const path = put(temporaryFolder(), "m.png", await encodeDataMask(platform, labels, { classes, valueMap }));
  const { data, texts } = await platform.decodeMask(path);
  expect([[...data], texts]).toEqual([expected, undefined]);
});

test("a model that does not know its data's values cannot write them", async () => {
  await expect(encodeDataMask(platform, labels, { classes, valueMap: {} })).rejects.toThrow(
    'predict: expected a mask value for "sky" in what the model knows of its data, got none. Leave --mask-values out',
  );
});
