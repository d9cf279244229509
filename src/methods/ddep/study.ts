/** The tables of the paper in miniature: four starts at several shares of the labels, and what the noise should be. */

import {
  type Arm,
  type Claim,
  compare,
  judgeAll,
  judgeTogether,
  type Pretraining,
  type Study,
  type StudyPlan,
} from "../study.ts";
import { recipes } from "./recipe.ts";

/** The encoder stage alone: what ImageNet-21k is for the paper, drawn scenes and their tags are here. */
const encoder: Pretraining = {
  name: "encoder",
  about: "the encoder, by classifying drawn scenes by their tags; shared by all seeds, as a published encoder is",
  dataset: "scenes:size=144,train=6000,val=200,test=1,seed=1",
  settings: ["start=supervised", "denoiseSteps=0", "steps=0"],
  from: null,
  perSeed: false,
};

/**
 * A denoising pretraining of the decoder behind the frozen encoder, and the arm that begins with it. dataset: whose
 * images are denoised; null: the study's.
 */
function denoised(
  name: string,
  about: string,
  changes: readonly string[],
  fractions: readonly number[],
  dataset: string | null = null,
) {
  const pretraining: Pretraining = {
    name: `denoise-${name}`,
    about: `denoising for ${about}`,
    dataset,
    settings: ["start=ddep", "steps=0", ...changes],
    from: encoder.name,
    perSeed: true,
  };
  const arm: Arm = {
    name,
    about,
    settings: ["start=ddep", ...changes],
    from: pretraining.name,
    fractions,
    drawn: false,
  };
  return { pretrainings: [encoder, pretraining], arms: [arm] };
}

function starts(fractions: readonly number[]) {
  const ddep = denoised("ddep", "pretrained encoder, decoder pretrained by denoising", [], fractions);
  const denoiseAll: Pretraining = {
    name: "denoise-dep",
    about: "denoising of the whole network from random weights",
    dataset: null,
    settings: ["start=dep", "steps=0"],
    from: null,
    perSeed: true,
  };
  const arm = (name: string, about: string, from: string | null): Arm => ({
    ...{ name, about, from, fractions, drawn: true },
    settings: [`start=${name}`],
  });
  return {
    pretrainings: [...ddep.pretrainings, denoiseAll],
    arms: [
      arm("none", "random weights", null),
      arm("supervised", "pretrained encoder, random decoder", encoder.name),
      arm("dep", "all of the network pretrained by denoising", denoiseAll.name),
      { ...ddep.arms[0], drawn: true },
    ],
  };
}

/** Levels of the paper's sweep besides 0.22. */
const sigmas = [0.1, 0.15, 0.2, 0.25, 0.3, 0.5];

function wide(fractions: readonly number[]) {
  const twice = ["widthMultiplier=2"];
  const ddep = denoised("ddep-x2", "as ddep, decoder twice as wide", twice, fractions);
  const none: Arm = {
    ...{ name: "none-x2", about: "random weights, decoder twice as wide", from: null, fractions, drawn: false },
    settings: ["start=none", ...twice],
  };
  return { pretrainings: ddep.pretrainings, arms: [none, ...ddep.arms] };
}

/** Values of a field of fine-tuning as factors of the recipe's: is a start worse, or is only the value wrong for it? */
function swept(
  field: "learningRate" | "weightDecay",
  word: string,
  factors: readonly number[],
  few: readonly number[],
): Pick<StudyPlan, "pretrainings" | "arms"> {
  const { pretrainings, arms } = starts(few);
  const values = factors.map((factor) => Number((recipes["ddep-small"][field] * factor).toPrecision(2)));
  const changed = (arm: Arm, value: number): Arm => ({
    ...arm,
    name: `${arm.name}-${word}-${value}`,
    about: `as ${arm.name}, fine-tuned with ${word} ${value}`,
    settings: [...arm.settings, `${field}=${value}`],
    drawn: false,
  });
  return { pretrainings, arms: values.flatMap((value) => arms.map((arm) => changed(arm, value))) };
}

/** Shorter and longer denoising than the recipe's, as the paper's other numbers of epochs. */
function lengths(few: readonly number[]) {
  const each = [1 / 4, 4].map((factor) => {
    const steps = Math.round(recipes["ddep-small"].denoiseSteps * factor);
    return denoised(`ddep-steps-${steps}`, `as ddep, ${steps} steps of denoising`, [`denoiseSteps=${steps}`], few);
  });
  return together(each);
}

function together(each: readonly Pick<StudyPlan, "pretrainings" | "arms">[]) {
  return { pretrainings: each.flatMap((e) => e.pretrainings), arms: each.flatMap((e) => e.arms) };
}

/** What a part runs. few: the share of the labels at which single choices are compared. */
function partOf(part: string, fractions: readonly number[], few: readonly number[]) {
  const level = (low: number, high: number) => [`noiseLevelMin=${low}`, `noiseLevelMax=${high}`];
  switch (part) {
    case "starts":
      return starts(fractions);
    case "target":
      return denoised("ddep-image", "as ddep, but the image is predicted, not the noise", ["noiseTarget=image"], few);
    case "level":
      return denoised("ddep-sampled", "as ddep, level drawn from 0.2 to 0.3", level(0.2, 0.3), few);
    case "width":
      return wide(few);
    case "rates":
      return swept("learningRate", "rate", [1 / 3, 2], few);
    case "decays":
      return swept("weightDecay", "decay", [0.1, 4], few);
    case "data":
      return denoised("ddep-scenes", "as ddep, but drawn scenes are denoised", [], few, encoder.dataset);
    case "length":
      return lengths(few);
    case "form":
      return denoised("ddep-additive", "as ddep, noise added without scaling", ["noiseForm=additive"], few);
    case "sigma": {
      return together(sigmas.map((s) => denoised(`ddep-sigma-${s}`, `as ddep, level ${s}`, level(s, s), few)));
    }
    default:
      throw new Error(`ddep study: there is no part "${part}".`);
  }
}

function claims(fractions: readonly number[], few: number): readonly Claim[] {
  const [fewest, most] = [Math.min(...fractions), Math.max(...fractions)];
  const source = "Brempong et al. 2022";
  return [
    {
      text: "ddep is best at every share of the labels",
      source,
      judge: (scores) =>
        judgeTogether(
          ["none", "supervised", "dep"].map((other) =>
            judgeAll(
              fractions.map((fraction) => compare(scores, "ddep", other, fraction)),
              `ddep − ${other}`,
            ),
          ),
        ),
    },
    {
      text: "dep beats none when labels are few",
      source,
      judge: (scores) => judgeAll([compare(scores, "dep", "none", fewest)], "dep − none"),
    },
    {
      text: "dep beats supervised when labels are few, and supervised overtakes it as labels grow",
      source,
      judge: (scores) =>
        judgeTogether([
          judgeAll([compare(scores, "dep", "supervised", fewest)], "dep − supervised"),
          judgeAll([compare(scores, "supervised", "dep", most)], "supervised − dep"),
        ]),
    },
    {
      text: "predicting the noise beats predicting the image",
      source,
      judge: (scores) => judgeAll([compare(scores, "ddep", "ddep-image", few)], "noise − image"),
    },
    {
      text: "a fixed level of 0.22 is not beaten by levels drawn from 0.2 to 0.3 (by more than a standard error)",
      source,
      judge: (scores) =>
        judgeAll(
          [compare(scores, "ddep", "ddep-sampled", few)],
          "fixed − drawn",
          ({ difference, error }) => difference >= -error,
        ),
    },
    {
      text: "a wider decoder helps, even from random weights",
      source,
      judge: (scores) =>
        judgeTogether([
          judgeAll([compare(scores, "none-x2", "none", few)], "none ×2 − ×1"),
          judgeAll([compare(scores, "ddep-x2", "ddep", few)], "ddep ×2 − ×1"),
        ]),
    },
    {
      text: "the gain of ddep over random weights stays with the wider decoder",
      source,
      judge: (scores) => judgeAll([compare(scores, "ddep-x2", "none-x2", few)], "ddep ×2 − none ×2"),
    },
  ];
}

export const study: Study = {
  recipe: "ddep-small",
  dataset: "scenes:size=128,train=360,val=100,test=1",
  fractions: [1 / 30, 1 / 8, 1 / 4, 1],
  seeds: 3,
  parts: {
    starts: "the four starts at every share of the labels",
    target: "predicting the image instead of the noise",
    level: "levels drawn from 0.2 to 0.3 instead of 0.22",
    width: "a decoder twice as wide",
    rates: "other learning rates of fine-tuning, for every start",
    decays: "other weight decays of fine-tuning, for every start",
    data: "denoising drawn scenes instead of the data set's images",
    length: "denoising for a quarter of the steps, and for four times as many",
    form: "additive instead of scaled noise",
    sigma: `other fixed levels: ${sigmas.join(", ")}`,
  },
  standardParts: ["starts", "target", "level", "width"],
  plan({ parts, fractions }) {
    const few = fractions.reduce((a, b) => (Math.abs(Math.log(b * 8)) < Math.abs(Math.log(a * 8)) ? b : a));
    const each = parts.map((part) => partOf(part, fractions, [few]));
    const pretrainings = new Map(each.flatMap((part) => part.pretrainings).map((run) => [run.name, run]));
    return {
      pretrainings: [...pretrainings.values()],
      arms: each.flatMap((part) => part.arms),
      claims: claims(fractions, few),
    };
  },
};
