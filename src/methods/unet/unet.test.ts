import { describe, expect, test } from "vitest";
import { movedWeights } from "../../../test/support/weights.ts";
import { UsageError } from "../../errors.ts";
import type { Task } from "../method.ts";
import type { Trained } from "../stage.ts";
import { trainingModel } from "../stages.ts";
import { unet } from "./index.ts";
import { recipes, type UNetRecipe } from "./recipe.ts";

const tiny = recipes["unet-tiny"];
const task: Task = {
  classes: ["a", "b", "c"].map((name) => ({ name, color: [0, 0, 0] })),
  frequencies: [0.5, 0.3, 0.2],
};

function stagesOf(change: Partial<UNetRecipe>) {
  return unet.stages({ ...tiny, ...change }, task).map((stage) => {
    if (stage.kind !== "training") throw new Error(stage.kind);
    return stage;
  });
}

test.each(Object.entries(recipes))("%s is valid and called by its name", (name, recipe) => {
  expect(() => unet.validate(recipe)).not.toThrow();
  expect(recipe.name).toBe(name);
});

describe("the encoder", () => {
  const names = [
    "encoder.stem.conv.weight",
    "encoder.stem.norm.weight",
    "decoder.block1.unit1.conv.weight",
    "head.bias",
  ];

  test("trains at its own rate", () => {
    const [{ group, trains }] = stagesOf({ encoderRate: 0.2 });
    expect(names.map((name, i) => group?.(name, i % 2 === 0 ? 4 : 1))).toEqual([
      { rate: 0.2 },
      { rate: 0.2 },
      { rate: 1 },
      { rate: 1 },
    ]);
    expect(trains).toBeUndefined();
  });

  test("keeps its weights at a rate of 0", () => {
    expect(names.map((name) => stagesOf({ encoderRate: 0 })[0].trains?.(name))).toEqual([false, false, true, true]);
  });

  test("is first kept and then trained", () => {
    const [frozen, train] = stagesOf({ frozenSteps: 3, frozenWarmupSteps: 1 });
    expect([frozen.name, frozen.settings.steps, frozen.settings.warmupSteps]).toEqual(["frozen", 3, 1]);
    expect(names.map((name) => frozen.trains?.(name))).toEqual([false, false, true, true]);
    expect([train.name, train.settings.steps]).toEqual(["train", tiny.steps]);
    expect(stagesOf({ frozenSteps: 3, steps: 0 }).map(({ name }) => name)).toEqual(["frozen"]);
  });
});

describe("weights from elsewhere", () => {
  const weights = movedWeights(trainingModel(stagesOf({})[0]).model);
  const from = (stage: string, change: Partial<UNetRecipe> = {}): Trained => ({
    ...{ weights, stage, source: "run", recipe: { ...tiny, ...change } as UNetRecipe },
  });

  test("say which encoder it is", () => {
    const adopted = unet.adopt!(tiny, [from("encoder", { encoder: "resnet18", encoderNorms: "folded" })]);
    expect(adopted).toEqual({ ...tiny, encoder: "resnet18", encoderNorms: "folded" });
  });

  test("leave frozen norms frozen", () => {
    const frozen = { ...tiny, encoderNorms: "frozen" } as const;
    expect(unet.adopt!(frozen, [from("train")])).toEqual(frozen);
  });

  test("of an encoder alone are that, of a network all of it", () => {
    const partsOf = (stage: string) => {
      const begun = stagesOf({})[0].begin!(from(stage));
      return [...new Set(Object.keys(begun.weights).map((name) => name.split(".")[0]))].sort();
    };
    expect(partsOf("encoder")).toEqual(["encoder"]);
    expect(partsOf("train")).toEqual(["decoder", "encoder", "head"]);
  });
});

describe("values that do not go together are refused", () => {
  test.each<[Partial<Record<keyof UNetRecipe, unknown>>, string]>([
    [{ encoder: "resnet" }, "encoder must be one of mobilenet-v2"],
    [{ encoderNorms: "group" }, "encoderNorms must be one of batch, frozen, folded, got group"],
    [{ encoderRate: -1 }, "encoderRate must be a number of at least 0, got -1. 0.1 is usual."],
    [{ decoder: "fpn" }, "decoder must be one of unet, linear, convolutional, aspp, large-fov, deep-aspp, got fpn"],
    [
      { decoderChannels: [8, 8], outputStride: 1 },
      "decoderChannels must be at least 5 whole numbers from 1 to 65536, got [8, 8]",
    ],
    [{ cropHeight: 100 }, "cropHeight must be a multiple of 32 up to 8192, got 100. Try 96."],
    [{ frozenSteps: 1.5 }, "frozenSteps must be a whole number from 0 to 99999999, got 1.5"],
    [{ crossEntropyWeight: 0 }, "crossEntropyWeight must be above 0 where no other loss is used"],
  ])("%o", (change, message) => {
    const refused = () => unet.validate({ ...tiny, ...change } as UNetRecipe);
    expect(refused).toThrow(message);
    expect(refused).toThrow(UsageError);
  });
});
