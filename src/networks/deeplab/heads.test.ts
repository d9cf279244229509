import { describe, expect, test } from "vitest";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { resNet, resNet101Units } from "../../backbones/resnet.ts";
import { Model, type Scope } from "../../graph/scope.ts";
import { input, type Tensor } from "../../graph/tensor.ts";
import { maximum, resize } from "../../ops/index.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { type DeepLabHead, deepLabHead, headNames } from "./heads.ts";
import { multiScale } from "./multi-scale.ts";
import { deepLabNames } from "./weights.ts";

interface Options {
  readonly head: DeepLabHead;
  readonly classes: number;
  readonly units?: typeof resNet101Units;
  readonly width?: number;
}

/** DeepLab on a residual network. */
function deepLab(scope: Scope, x: Tensor, { head, classes, units, width }: Options): Tensor {
  const maps = resNet(scope.at("encoder"), x, {
    ...{ form: "caffe", norms: "frozen", outputStride: 8 },
    ...{ units: units ?? resNet101Units, width: width ?? 64 },
  });
  return deepLabHead(scope.at("head"), maps.at(-1)!.map, classes, { head });
}

test("a crop of 321 pixels has 41 places a side, and ResNet-101 with its pyramid the published weights", () => {
  const model = new Model();
  const scores = deepLab(model.scope, input("x", [1, 3, 321, 321]), { classes: 21, head: "aspp" });
  expect(scores.shape).toEqual([1, 21, 41, 41]);
  const weights = [...model.parameters.values()].filter(({ name }) => !/running_/.test(name));
  const count = weights.reduce((total, { tensor }) => total + sizeOf(tensor.shape), 0);
  // ResNet-101 without its classifier, and four convolutions.
  expect(count).toBe(44_549_160 - (2048 * 1000 + 1000) + 4 * (2048 * 9 * 21 + 21));
});

describe.each(headNames)("the head %s", (head) => {
  const built = (training: boolean) => {
    const model = new Model({ training });
    const scores = deepLab(model.scope, input("x", [1, 3, 33, 41]), { classes: 3, head, width: 2 });
    return { model, scores };
  };

  test("gives scores of places, and every weight has a published name and the way back", () => {
    const { model, scores } = built(false);
    expect(scores.shape).toEqual([1, 3, 5, 6]);
    const { ours, theirs } = deepLabNames(head);
    for (const own of model.parameters.keys()) {
      const name = theirs(own);
      expect(name, own).toMatch(/^base\./);
      expect([ours(name!), ours(name!.slice("base.".length))]).toEqual([own, own]);
    }
  });

  test("drops channels while it trains where it is deep", () => {
    expect(built(true).model.noises.size).toBe({ aspp: 0, "large-fov": 2, "deep-aspp": 8 }[head]);
    expect(built(false).model.noises.size).toBe(0);
  });
});

test.each([
  ["large-fov", "resnet", "head.conv1.weight", "base.fov.conv6.weight"],
  ["large-fov", "vgg", "head.conv1.weight", "base.aspp.conv6.weight"],
  ["large-fov", "vgg", "head.scores.bias", "base.aspp.conv8.bias"],
  ["deep-aspp", "vgg", "head.branch4.scores.weight", "base.aspp.c3.6.weight"],
  ["aspp", "vgg", "head.branch1.weight", "base.aspp.c0.weight"],
  ["aspp", "vgg", "encoder.stage4.conv3.weight", "base.layer1.12.0.weight"],
  ["aspp", "vgg", "encoder.stage5.conv1.bias", "base.layer2.0.0.bias"],
] as const)("of %s on %s %s is called %s, and back", (head, trunk, own, other) => {
  const { ours, theirs } = deepLabNames(head, trunk);
  expect([theirs(own), ours(other)]).toEqual([other, own]);
});

test("several scales share one network, and the largest scores are each place's", async () => {
  const model = new Model();
  const x = input("x", [1, 3, 33, 41]);
  const options = { classes: 2, head: "aspp", width: 1, units: [1, 1, 1, 1] } as const;
  const [whole, ...others] = multiScale(model.scope, x, (scope, y) => deepLab(scope, y, options));
  const alone = new Model();
  deepLab(alone.scope, x, options);
  expect([...model.parameters.keys()]).toEqual([...alone.parameters.keys()]);
  const [half, most, largest] = others;
  expect([whole, half, most, largest].map(({ shape }) => shape.slice(2))).toEqual([
    [5, 6],
    [3, 3],
    [4, 4],
    [5, 6],
  ]);
  const wanted = [half, most].reduce((best, scores) => maximum(best, resize(scores, [5, 6])), whole);
  const picture = float32(x.shape, new Random("x").fillNormal(new Float32Array(sizeOf(x.shape))));
  const got = await evaluate({ largest, wanted, whole }, { ...movedWeights(model), x: picture });
  expect(toNumbers(got.largest)).toEqual(toNumbers(got.wanted));
  expect(toNumbers(got.largest)).not.toEqual(toNumbers(got.whole));
});
