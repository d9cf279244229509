/** Recipes that fine-tune a GroupViT's image encoder on masks. */
import { plainCrossEntropy, type SegmentationLossSettings } from "../../losses/segmentation.ts";
import { baseRecipe, type Recipe } from "../recipe.ts";
import type { GroupViTRecipe } from "./recipe.ts";
import { type ImageEncoderSettings, publishedImageEncoder, smallImageEncoder } from "./settings.ts";

export interface TransferRecipe
  extends Recipe,
    ImageEncoderSettings,
    SegmentationLossSettings,
    Pick<GroupViTRecipe, "normalization" | "windowSide" | "shortSide" | "longSide"> {}

/** Fields of the encoder that another network's weights are of: a transfer takes them over from the run that it begins with. */
export const encoderFields = [
  ...[
    "patchSize",
    "stemChannels",
    "width",
    "widthFactors",
    "heads",
    "depths",
    "groupTokens",
    "outputGroups",
    "mlpRatio",
  ],
  ...[
    "assignMlpRatio",
    "assignment",
    "gumbelNoise",
    "gumbelTau",
    "sumAssign",
    "assignEps",
    "position",
    "normalization",
  ],
] as const satisfies readonly (keyof TransferRecipe)[];

/** Fine-tuning of the paper's table 5: 4,000 steps of 16 crops of 224 pixels. */
const transfer: TransferRecipe = {
  ...baseRecipe,
  ...plainCrossEntropy,
  ...publishedImageEncoder,
  name: "groupvit-transfer",
  method: "groupvit-transfer",

  batchSize: 16,
  cropHeight: 224,
  cropWidth: 224,
  scaleMin: 0.5,
  scaleMax: 2,
  normalization: "official",

  steps: 4000,
  optimizer: "adamw", // the paper names Adam; decoupled, as in the authors' pretraining
  learningRate: 1e-3,
  weightDecay: 0.05,
  warmupSteps: 100,

  checkpointEvery: 200,
  evaluateEvery: 1000,

  windowSide: 448,
  shortSide: 448,
  longSide: 2048,
};

/** Ours: what `groupvit-small` and `groupvit-scenes` have learned, on crops of 96 pixels. */
const small: TransferRecipe = {
  ...transfer,
  ...smallImageEncoder,
  name: "groupvit-transfer-small",

  batchSize: 8,
  cropHeight: 96,
  cropWidth: 96,

  steps: 800,
  warmupSteps: 50,
  evaluateEvery: 200,

  windowSide: 192,
  shortSide: 192,
  longSide: 768,
};

export const transferRecipes = { "groupvit-transfer": transfer, "groupvit-transfer-small": small };
