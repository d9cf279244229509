import { expect, test } from "vitest";
import { sizeOf } from "../../array/shape.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { maxDeepLab, semanticLogits } from "./network.ts";
import { type MaxDeepLabSettings, maxDeepLabL, maxDeepLabS } from "./settings.ts";

const classes = 133;

/** Weights in millions, without and with what training alone needs. */
function millions(settings: MaxDeepLabSettings): [string, string] {
  const model = new Model({ training: true });
  const count = () => model.trained.reduce((sum, { tensor }) => sum + sizeOf(tensor.shape), 0) / 1e6;
  const { encoded } = maxDeepLab(model.scope, input("image", [1, 65, 65, 3], "uint8"), settings, classes);
  const plain = count();
  semanticLogits(model.scope, encoded, settings, { outputs: classes + 1 });
  return [plain.toFixed(2), count().toFixed(2)];
}

test("both networks have as many weights as published", () => {
  expect(millions(maxDeepLabS)).toEqual(["61.90", "77.76"]);
  expect(millions(maxDeepLabL)).toEqual(["450.76", "450.87"]);
});

test("sizes other than 16 k + 1 and any number of slots give masks a quarter as large", () => {
  const tiny = {
    ...maxDeepLabS,
    ...{ stageBlocks: [1, 1, 2, 1], widthMultiplier: 1 / 16, stemMultiplier: 1 / 8, transformerMultiplier: 1 / 16 },
    ...{ heads: 2, slots: 5, memoryChannels: 8, ffnChannels: 8, featureChannels: 8, maskChannels: 4, headChannels: 8 },
  };
  const { maskLogits, classLogits } = maxDeepLab(new Model().scope, input("image", [2, 64, 50, 3], "uint8"), tiny, 3);
  expect(maskLogits.shape).toEqual([2, 5, 16, 13]);
  expect(classLogits.shape).toEqual([2, 5, 4]);
});
