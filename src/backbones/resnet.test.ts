import { expect, test } from "vitest";
import { expectNear } from "../../test/support/check.ts";
import { poolPlain } from "../../test/support/check-plain-window.ts";
import { addPlain, convNormPlain, reluPlain } from "../../test/support/plain-layers.ts";
import { movedWeights } from "../../test/support/weights.ts";
import { float32, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { type ResNetOptions, resNet } from "./resnet.ts";

const image = float32([1, 3, 32, 32], new Random("picture").fillNormal(new Float32Array(3 * 32 * 32)));

/** A unit's stride and the dilations of its 3 × 3 kernels. */
type Unit = readonly [stride: 1 | 2, dilation: number];

interface Case extends ResNetOptions {
  readonly title: string;
  readonly units: readonly [number, number, number, number];
  /** Of each stage. */
  readonly expected: readonly (readonly Unit[])[];
  readonly side: number;
}

const cases: readonly Case[] = [
  {
    title: "basic units",
    unit: "basic",
    units: [1, 2, 1, 1],
    expected: [
      [[1, 1]],
      [
        [2, 1],
        [1, 1],
      ],
      [[2, 1]],
      [[2, 1]],
    ],
    side: 1,
  },
  {
    title: "bottleneck units behind a deep stem",
    stem: "deep",
    units: [1, 1, 1, 1],
    expected: [[[1, 1]], [[2, 1]], [[2, 1]], [[2, 1]]],
    side: 1,
  },
  {
    title: "bottleneck units of output stride 8",
    outputStride: 8,
    units: [1, 1, 2, 2],
    expected: [
      [[1, 1]],
      [[2, 1]],
      [
        [1, 1],
        [1, 2],
      ],
      [
        [1, 2],
        [1, 4],
      ],
    ],
    side: 4,
  },
];

test.each(cases)("$title are what loops over their definition give", async ({ expected, side, ...options }) => {
  const { stem: kind = "plain", unit: form = "bottleneck" } = options;
  const model = new Model();
  const map = resNet(model.scope, input("image", image.shape), { ...options, width: 4 }).at(-1)!.map;
  const weights = movedWeights(model);
  const unit = (conv: string, norm: string, x: NdArray, window: object = {}) =>
    convNormPlain(weights, [conv, norm], x, window);

  const deep = (x: NdArray) =>
    [1, 2, 3].reduce(
      (y, i) =>
        reluPlain(
          unit(`stem.unit${i}.conv`, `stem.unit${i}.norm`, y, { padding: 1, strides: i === 1 ? [2, 2] : [1, 1] }),
        ),
      x,
    );
  const plain = (x: NdArray) => reluPlain(unit("stem.conv", "stem.norm", x, { padding: 3, strides: [2, 2] }));
  const stem = (kind === "deep" ? deep : plain)(image); // [1, 4, 16, 16]
  const window = { strides: [2, 2], pads: [1, 1, 1, 1] } as const;
  let y = poolPlain(stem, [8, 8], [3, 3], window, (values) => Math.max(...values));
  expected.forEach((units, stage) => {
    units.forEach(([stride, dilation], i) => {
      const name = `stage${stage + 1}.unit${i + 1}`;
      const conv = (number: number, x: NdArray, options: object = {}) =>
        unit(`${name}.conv${number}`, `${name}.norm${number}`, x, options);
      const spatial = { padding: dilation, dilations: [dilation, dilation] };
      const first = { ...spatial, strides: [stride, stride] };
      const branch =
        form === "basic"
          ? conv(2, reluPlain(conv(1, y, first)), spatial)
          : conv(3, reluPlain(conv(2, reluPlain(conv(1, y)), first)));
      const projected = `${name}.shortcut.conv.weight` in weights;
      expect(projected).toBe(stride > 1 || branch.shape[1] !== y.shape[1]);
      const around = projected
        ? unit(`${name}.shortcut.conv`, `${name}.shortcut.norm`, y, { strides: [stride, stride] })
        : y;
      y = reluPlain(addPlain(branch, around));
    });
  });

  expect(map.shape).toEqual([1, form === "basic" ? 32 : 128, side, side]);
  const got = await evaluate({ map }, { ...weights, image });
  expectNear(toNumbers(got.map), toNumbers(y), 2e-5);
});
