/** The tables of the paper in miniature: four starts at several shares of the labels, and what the noise should be. */
import { type Arm, eachOnce, type Pretraining, type Study, type StudyRuns } from "../study.ts";
import { claims } from "./claims.ts";
import type { DdepRecipe } from "./recipe.ts";

/** The encoder stage alone: what ImageNet-21k is for the paper, drawn scenes and their tags are here. */
const encoder: Pretraining = {
  name: "encoder",
  about: "the encoder, by classifying drawn scenes by their tags; shared by all seeds, as a published encoder is",
  dataset: "scenes:size=144,train=6000,val=200,test=1,seed=1",
  settings: ["start=supervised", "denoiseSteps=0", "steps=0"],
  from: null,
  perSeed: false,
  isEncoder: true,
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
  recipe: DdepRecipe,
  field: "learningRate" | "weightDecay",
  word: string,
  factors: readonly number[],
  few: readonly number[],
): StudyRuns {
  const { pretrainings, arms } = starts(few);
  const values = factors.map((factor) => Number((recipe[field] * factor).toPrecision(2)));
  const changed = (arm: Arm, value: number): Arm => ({
    ...arm,
    name: `${arm.name}-${word}-${value}`,
    about: `as ${arm.name}, fine-tuned with ${word} ${value}`,
    settings: [...arm.settings, `${field}=${value}`],
    drawn: false,
  });
  return { pretrainings, arms: [...arms, ...values.flatMap((value) => arms.map((arm) => changed(arm, value)))] };
}

/** Shorter and longer denoising than the recipe's, as the paper's other numbers of epochs. */
function lengths({ denoiseSteps }: DdepRecipe, few: readonly number[]): StudyRuns {
  const each = [1 / 4, 4].map((factor) => {
    const steps = Math.max(1, Math.round(denoiseSteps * factor));
    return denoised(`ddep-steps-${steps}`, `as ddep, ${steps} steps of denoising`, [`denoiseSteps=${steps}`], few);
  });
  return together(each);
}

function together(each: readonly StudyRuns[]): StudyRuns {
  return { pretrainings: each.flatMap((e) => e.pretrainings), arms: each.flatMap((e) => e.arms) };
}

/** Starts by name, at these shares of the labels: what others are compared with. */
function startsNamed(names: readonly string[], fractions: readonly number[]): StudyRuns {
  const { pretrainings, arms } = starts(fractions);
  const chosen = arms.filter(({ name }) => names.includes(name));
  const needed = pretrainings.filter(({ name }) => name === encoder.name || chosen.some(({ from }) => from === name));
  return { pretrainings: needed, arms: chosen };
}

/** What a part runs, with what it is compared with. few: the share of the labels at which single choices are compared. */
function partOf(part: string, recipe: DdepRecipe, fractions: readonly number[], few: readonly number[]): StudyRuns {
  const level = (low: number, high: number) => [`noiseLevelMin=${low}`, `noiseLevelMax=${high}`];
  const besideDdep = (...each: readonly StudyRuns[]) => together([startsNamed(["ddep"], few), ...each]);
  switch (part) {
    case "starts":
      return starts(fractions);
    case "target":
      return besideDdep(
        denoised("ddep-image", "as ddep, but the image is predicted, not the noise", ["noiseTarget=image"], few),
      );
    case "level":
      return besideDdep(denoised("ddep-sampled", "as ddep, level drawn from 0.2 to 0.3", level(0.2, 0.3), few));
    case "width":
      return together([startsNamed(["none", "ddep"], few), wide(few)]);
    case "rates":
      return swept(recipe, "learningRate", "rate", [1 / 3, 2], few);
    case "decays":
      return swept(recipe, "weightDecay", "decay", [0.1, 4], few);
    case "data":
      return besideDdep(denoised("ddep-scenes", "as ddep, but drawn scenes are denoised", [], few, encoder.dataset));
    case "length":
      return besideDdep(lengths(recipe, few));
    case "form":
      return besideDdep(denoised("ddep-additive", "as ddep, noise added without scaling", ["noiseForm=additive"], few));
    case "sigma":
      return besideDdep(...sigmas.map((s) => denoised(`ddep-sigma-${s}`, `as ddep, level ${s}`, level(s, s), few)));
    default:
      throw new Error(`ddep study: there is no part "${part}".`);
  }
}

/** Each once; an arm that several parts have at all their shares of the labels. */
function merged(each: readonly StudyRuns[]): StudyRuns {
  const { pretrainings, arms } = together(each);
  const byName = new Map<string, Arm>();
  for (const arm of arms) {
    const shares = new Set([...(byName.get(arm.name)?.fractions ?? []), ...arm.fractions]);
    byName.set(arm.name, { ...arm, fractions: [...shares].sort((a, b) => a - b) });
  }
  return { pretrainings: eachOnce(pretrainings), arms: [...byName.values()] };
}

export const study: Study = {
  recipes: {
    "ddep-small": [
      "noiseTarget=noise", // as in the paper; the recipe predicts the image
      ...["steps=700", "cropHeight=80", "cropWidth=80"],
      ...["denoiseSteps=600", "denoiseCropHeight=80", "denoiseCropWidth=80"],
    ],
    "ddep-mobilenet": [],
  },
  dataset: "scenes:size=96,train=360,val=100,test=1",
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
  scaled: ["learningRate", "weightDecay", "denoiseSteps"],
  plan({ parts, fractions, recipe }) {
    const few = fractions.reduce((a, b) => (Math.abs(Math.log(b * 8)) < Math.abs(Math.log(a * 8)) ? b : a));
    const runs = merged(parts.map((part) => partOf(part, recipe as DdepRecipe, fractions, [few])));
    return { ...runs, claims: claims(fractions, few) };
  },
};
