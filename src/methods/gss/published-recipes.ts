/** The ten released configurations (GSS's code; Chen et al. 2023, tables 4 to 6). Their batches are those of all their GPUs together. */
import { type GssRecipe, published } from "./recipe.ts";

const backbones = {
  resnet101: { encoder: "resnet101-v1c", encoderStride: 8, aggregationDepth: 6 },
  "swin-large": { encoder: "swin-large-384", encoderStride: 32, encoderDropPath: 0.3, aggregationDepth: 2 },
  "hrnet-w48": { encoder: "hrnet-w48", encoderStride: 32, aggregationDepth: 6 },
} as const satisfies Readonly<Record<string, Partial<GssRecipe>>>;

const cityscapes = {
  palette: "released-cityscapes",
  ...{ batchSize: 16, cropHeight: 768, cropWidth: 768, shortSide: 1024, longSide: 2048 },
  ...{ learningRate: 1.5e-3, steps: 80_000, inverseDepth: 1, inverseBatchSize: 16, inverseRate: 1.5e-3 },
} as const;

const wide = { batchSize: 32, cropHeight: 512, cropWidth: 512, shortSide: 512, longSide: 2048 } as const;

const ade20k = {
  palette: "released-ade20k",
  ...wide,
  ...{ learningRate: 1.2e-4, steps: 160_000, inverseDepth: 2, inverseBatchSize: 16, inverseRate: 1.5e-3 },
} as const;

const mseg = {
  palette: "released-mseg",
  ...wide,
  pixelHead: "single",
  ...{ learningRate: 1.2e-4, steps: 160_000, inverseDepth: 2, inverseBatchSize: 32, inverseRate: 1.5e-3 },
} as const;

type DataSet = typeof cityscapes | typeof ade20k | typeof mseg;

function fixed(backbone: keyof typeof backbones, set: DataSet, name: string): GssRecipe {
  return { ...published, ...backbones[backbone], ...set, name };
}

/** Trained behind the prior, which is begun with. */
function mended(backbone: keyof typeof backbones, set: DataSet, name: string, inverse: Partial<GssRecipe>): GssRecipe {
  return { ...fixed(backbone, set, name), variant: "FT-W", steps: 0, ...inverse };
}

const short = { inverseSteps: 40_000 };

export const publishedRecipes: Readonly<Record<string, GssRecipe>> = Object.fromEntries(
  [
    fixed("resnet101", cityscapes, "gss-ff-resnet101-cityscapes"),
    fixed("swin-large", cityscapes, "gss-ff-swin-large-cityscapes"),
    fixed("swin-large", ade20k, "gss-ff-swin-large-ade20k"),
    fixed("swin-large", mseg, "gss-ff-swin-large-mseg"),
    fixed("hrnet-w48", mseg, "gss-ff-hrnet-w48-mseg"),
    mended("resnet101", cityscapes, "gss-ftw-resnet101-cityscapes", { inverseSteps: 80_000 }),
    mended("swin-large", cityscapes, "gss-ftw-swin-large-cityscapes", {
      ...{ ...short, inverseBatchSize: 8, inverseRate: 7.5e-4 },
    }),
    mended("swin-large", ade20k, "gss-ftw-swin-large-ade20k", short),
    mended("swin-large", mseg, "gss-ftw-swin-large-mseg", short),
    mended("hrnet-w48", mseg, "gss-ftw-hrnet-w48-mseg", { inverseSteps: 160_000, inverseRate: 1.2e-4 }),
  ].map((recipe) => [recipe.name, recipe]),
);
