import { UsageError } from "../../errors.ts";
import { networkOf } from "../../networks/network.ts";
import { inEncoder } from "../../networks/transfer.ts";
import type { Method, Task } from "../method.ts";
import { networkMethod } from "../network-method.ts";
import type { Trained } from "../stage.ts";
import { denoiseStage } from "./denoise-stage.ts";
import { encoderStage } from "./encoder-stage.ts";
import { finetuneStage } from "./finetune-stage.ts";
import { importEncoder } from "./import.ts";
import { type DdepRecipe, recipes } from "./recipe.ts";
import { study } from "./study.ts";
import { validate } from "./validate.ts";

/** The parts of a start that are still to be trained. */
function stages(recipe: DdepRecipe, task: Task) {
  const { start, encoderSteps, denoiseSteps, steps } = recipe;
  const classified = start === "supervised" || start === "ddep";
  const denoises = start === "dep" || start === "ddep";
  const encoder = classified ? "a pretrained encoder (encoderSteps is 0)" : undefined;
  return [
    ...(classified && encoderSteps > 0 ? [encoderStage(recipe, task)] : []),
    ...(denoises && denoiseSteps > 0 ? [denoiseStage(recipe, encoder)] : []),
    ...(steps > 0
      ? [finetuneStage(recipe, task, denoises ? "a network pretrained by denoising (denoiseSteps is 0)" : encoder)]
      : []),
  ];
}

/** What a start may begin with: a stage and, where that tells them apart, the start that the stage was part of. */
const beginnings: Readonly<Record<DdepRecipe["start"], readonly string[]>> = {
  none: ["finetune of none"],
  // The encoder behind a denoised decoder was frozen, and is the classified one, unless it was denoised along.
  supervised: ["encoder", "train", "denoise of ddep", "finetune of supervised"],
  dep: ["denoise of dep", "finetune of dep"],
  ddep: ["encoder", "train", "denoise of ddep", "denoise of ddep with its encoder", "finetune of ddep"],
};

/** Throws UsageError where the weights would make the start another than its name says. */
function requireBeginning({ name, start }: DdepRecipe, { stage, source, recipe: from }: Trained): void {
  const own = stage === "denoise" || stage === "finetune";
  const { start: before, denoiseEncoderRate } = from as DdepRecipe;
  const along = stage === "denoise" && before === "ddep" && denoiseEncoderRate > 0 ? " with its encoder" : "";
  const behind = own ? `${stage} of ${before}${along}` : stage;
  if (beginnings[start].includes(behind)) return;
  const fitting = Object.entries(beginnings).filter(([, known]) => known.includes(behind));
  const others = fitting.map(([each]) => `--set start=${each}`).join(" or ");
  throw new UsageError(
    `recipe ${name}: expected for start ${start} weights of ${beginnings[start].join(", or ")}, got those of ${behind} (${source}). ` +
      `${others === "" ? "Leave" : `Add ${others}, or leave`} --from out.`,
  );
}

/** What need not be trained again. */
function adopted({ stage, weights, recipe: from }: Trained, recipe: DdepRecipe): Partial<DdepRecipe> {
  const hasEncoder = Object.keys(weights).some(inEncoder);
  return {
    ...networkOf(recipe).adopted(weights, from),
    ...(hasEncoder && { encoderSteps: 0 }),
    ...((stage === "denoise" || stage === "finetune") && { denoiseSteps: 0 }),
  };
}

export const ddep: Method<DdepRecipe> = {
  name: "ddep",
  paper: {
    authors: "Brempong, Kornblith, Chen, Parmar, Minderer, Norouzi",
    title: "Denoising Pretraining for Semantic Segmentation",
    venue: "CVPR Workshops 2022; extended: Decoder Denoising Pretraining, TMLR 2022",
    url: "https://arxiv.org/abs/2205.11423",
  },
  ...networkMethod,
  recipes,
  formerly: { mapNorms: "none" },
  study,
  stages,
  validate,
  adopt(recipe, from) {
    for (const trained of from) requireBeginning(recipe, trained);
    return Object.assign({ ...recipe }, ...from.map((trained) => adopted(trained, recipe))) as DdepRecipe;
  },
  imports: importEncoder,
};
