import { expect, test } from "vitest";
import { expectNear } from "../../test/support/check.ts";
import { convPlain, poolPlain } from "../../test/support/check-plain-window.ts";
import { addPlain, normPlain, reluPlain } from "../../test/support/plain-layers.ts";
import { movedWeights } from "../../test/support/weights.ts";
import { float32, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { InputError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { resNetV2 } from "./resnet-v2.ts";

test("pre-activation units are what loops over their definition give", async () => {
  const image = float32([1, 3, 16, 16], new Random("picture").fillNormal(new Float32Array(3 * 16 * 16)));
  const model = new Model();
  const maps = resNetV2(model.scope, input("image", image.shape), { units: [2, 1], width: 2 });
  const weights = movedWeights(model);
  const active = (name: string, x: NdArray) => reluPlain(normPlain(weights, name, x));
  const conv = (name: string, x: NdArray, padding = 0, stride: 1 | 2 = 1) =>
    convPlain(x, weights[`${name}.weight`], null, {
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
    });

  const stem = active("stem.norm", conv("stem.conv", normPlain(weights, "input", image), 3, 2)); // [1, 2, 8, 8]
  const window = { strides: [2, 2], pads: [1, 1, 1, 1] } as const;
  let y = poolPlain(stem, [4, 4], [3, 3], window, (values) => Math.max(...values));
  const entered: NdArray[] = [];
  for (const [name, stride] of [
    ["stage1.unit1", 1],
    ["stage1.unit2", 1],
    ["stage2.unit1", 2],
  ] as const) {
    const first = active(`${name}.norm1`, y);
    entered.push(first);
    const mixed = conv(`${name}.conv2`, active(`${name}.norm2`, conv(`${name}.conv1`, first)), 1, stride);
    const branch = conv(`${name}.conv3`, active(`${name}.norm3`, mixed));
    y = addPlain(branch, name.endsWith("1") ? conv(`${name}.shortcut.conv`, first, 0, stride) : y);
  }

  expect(maps.map(({ stride, map }) => [stride, map.shape])).toEqual([
    [2, [1, 2, 8, 8]],
    [4, [1, 8, 4, 4]],
    [8, [1, 16, 2, 2]],
  ]);
  const got = await evaluate({ stem: maps[0].map, middle: maps[1].map, last: maps[2].map }, { ...weights, image });
  expectNear(toNumbers(got.stem), toNumbers(stem), 1e-5);
  expectNear(toNumbers(got.middle), toNumbers(entered[2]), 1e-5);
  expectNear(toNumbers(got.last), toNumbers(active("norm", y)), 1e-5);
});

test("norms before a convolution are not folded", () => {
  const build = () => resNetV2(new Model().scope, input("image", [1, 3, 32, 32]), { norms: "folded" });
  expect(build).toThrow("expected norms batch or frozen, got folded");
  expect(build).toThrow(InputError);
});
