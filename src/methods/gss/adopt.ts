/** A recipe for going on from weights: what they are of, and what need not be trained again. */
import { networkOf } from "../../networks/network.ts";
import { usualUNet } from "../../networks/unet/settings.ts";
import type { Trained } from "../stage.ts";
import type { GssRecipe } from "./recipe.ts";
import { trainsInverse } from "./transform.ts";

/** Fields that weights of a tokenizer are of, colours included. */
const ofTokenizer = [
  ...["tokenizer", "tokenizerChannels", "codes", "tokenizerWidth", "tokenizerEntryWidth", "tokenizerBlocks"],
  ...["tokenizerGroups", "codeWidth", "palette", "paletteSeed", "paletteColors"],
] as const satisfies readonly (keyof GssRecipe)[];

/** Those of what predicts tokens. */
const ofPrior = [
  ...["tokenGrid", "levelWidth", "fusionWidth", "classifierWidth", "aggregates", "aggregationDepth"],
  ...["aggregationHeads", "aggregationWindow", "encoderStride", "magnification"],
] as const satisfies readonly (keyof GssRecipe)[];

export function adopt(recipe: GssRecipe, from: readonly Trained[]): GssRecipe {
  return Object.assign({ ...recipe }, ...from.map((trained) => adopted(recipe, trained))) as GssRecipe;
}

function adopted(recipe: GssRecipe, { weights, recipe: before, stage }: Trained): Partial<GssRecipe> {
  const has = (part: string) => Object.keys(weights).some((name) => name.startsWith(`${part}.`));
  const own = networkOf({ ...usualUNet, ...recipe }).adopted(weights, before) as Partial<GssRecipe>;
  if (before.method !== recipe.method) return own;
  const known = before as GssRecipe;
  const of = (names: readonly (keyof GssRecipe)[]) =>
    Object.fromEntries(names.map((name) => [name, known[name]])) as Partial<GssRecipe>;
  const mends = trainsInverse(recipe) && recipe.inverseSource === "prior" && stage === "prior";
  return {
    ...own,
    ...(has("tokenizer") && { ...of(ofTokenizer), tokenizerSteps: 0 }),
    ...(has("head") && of(ofPrior)),
    ...(mends && { steps: 0 }),
  };
}
