import { expect, test } from "vitest";
import { expectNear } from "../../test/support/check.ts";
import { addPlain, convNormPlain, relu6Plain } from "../../test/support/plain-layers.ts";
import { movedWeights } from "../../test/support/weights.ts";
import { float32, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { mobileNetV2 } from "./mobilenet-v2.ts";

const image = float32([1, 3, 8, 12], new Random("picture").fillNormal(new Float32Array(3 * 8 * 12)));

// Where a stride of 2 begins: on even sides, TensorFlow's windows begin with the first pixel and end outside.
test.each([
  ["symmetric", [1, 1, 1, 1], 1e-5],
  ["same", [0, 0, 1, 1], 1e-3],
] as const)(
  "inverted residuals of %s padding are what loops over their definition give",
  async (padding, pads, epsilon) => {
    const model = new Model();
    const maps = mobileNetV2(model.scope, input("image", image.shape), {
      padding,
      width: 4,
      groups: [
        [1, 3, 1, 1],
        [2, 5, 2, 2],
      ],
    });
    const weights = movedWeights(model);
    const unit = (name: string, x: typeof image, window: object = {}) =>
      convNormPlain(weights, [`${name}.conv`, `${name}.norm`], x, { epsilon, ...window });

    const stem = relu6Plain(unit("stem", image, { strides: [2, 2], pads })); // [1, 4, 4, 6]
    const first = unit("block1.project", relu6Plain(unit("block1.depthwise", stem, { padding: 1, groups: 4 })));
    const wide = relu6Plain(unit("block2.expand", first));
    const halved = relu6Plain(unit("block2.depthwise", wide, { strides: [2, 2], pads, groups: 6 })); // [1, 6, 2, 3]
    const second = unit("block2.project", halved);
    const mixed = relu6Plain(
      unit("block3.depthwise", relu6Plain(unit("block3.expand", second)), { padding: 1, groups: 10 }),
    );
    const third = addPlain(second, unit("block3.project", mixed));

    expect(maps.map(({ stride, map }) => [stride, map.shape])).toEqual([
      [2, [1, 3, 4, 6]],
      [4, [1, 5, 2, 3]],
    ]);
    const got = await evaluate({ early: maps[0].map, late: maps[1].map }, { ...weights, image });
    expectNear(toNumbers(got.early), toNumbers(first), 1e-5);
    expectNear(toNumbers(got.late), toNumbers(third), 1e-5);
  },
);
