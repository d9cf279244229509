/** The paper's ablations in miniature: which terms, which views, and what the global network learns from. */
import type { Arm, Study } from "../study.ts";
import { claims } from "./claims.ts";
import type { L2GRecipe } from "./recipe.ts";

function arm(name: string, about: string, settings: readonly string[], drawn = false): Arm {
  return { name, about, settings, from: null, fractions: [1], drawn, fromEncoder: true };
}

/** What every part compares with. */
const base = arm("l2g", "the recipe: attention of the local network is what the global one learns", [], true);

const plain = arm(
  "plain-cam",
  "one network on whole views learns the tags, and its class maps are taken",
  ["globalWeight=1", "localWeight=0", "transferWeight=0"],
  true,
);

/** The same network, its maps taken through a window that slides over the photograph. */
const sliding = arm("sliding-window", "as plain-cam, class maps through a sliding window, averaged", [
  ...plain.settings,
  "camWindows=sliding",
]);

/** The multiple of 32 nearest to a share of the recipe's local side. */
const side = ({ localSize, viewSize }: L2GRecipe, factor: number) =>
  Math.min(viewSize, Math.max(32, 32 * Math.round((localSize * factor) / 32)));

function armsOf(part: string, recipe: L2GRecipe): readonly Arm[] {
  switch (part) {
    case "plain":
      return [plain, sliding];
    case "terms":
      return [
        arm("global-tags", "as l2g, the global network learns the tags as well", ["globalWeight=1"]),
        arm("all-channels", "as l2g, all channels of the attention, not the strongest alone (the paper's text)", [
          "strongestOnly=false",
        ]),
        arm("without-correlation", "as l2g, without pixel correlation", ["correlation=false"]),
      ];
    case "shape":
      return [arm("shape", "as l2g, outlines from saliency as well (shape transfer)", ["saliency=true"])];
    case "views":
      return [arm("one-view", "as l2g, one local view", ["views=1"])];
    case "sizes":
      return [0.75, 1.5].map((factor) => {
        const size = side(recipe, factor);
        return arm(`size-${size}`, `as l2g, local views of ${size} pixels`, [`localSize=${size}`]);
      });
    case "samplers":
      return [
        arm("uniform", "as l2g, four views that lie evenly", ["sampler=uniform", "views=4"]),
        arm("corners", "as l2g, the four corners and no others", ["sampler=corners+random", "views=4"]),
      ];
    default:
      throw new Error(`l2g study: there is no part "${part}".`);
  }
}

const parts = {
  plain: "a network that classifies whole views, and its class maps; the same through a sliding window",
  terms: "tags for the global network too, the attention of all channels, no pixel correlation",
  views: "one local view instead of several",
  sizes: "smaller and larger local views",
  samplers: "views on a grid and in the corners instead of random ones",
  shape: "outlines from saliency maps, which the data set must have",
};

export const study: Study = {
  // Eleven arms with two seeds each: 22 · (250 · 0.42 s + 40 s for the pass + 250 · 0.50 s + 15 s) of processor time are 1.8 hours, so less than
  // two even if the second core does nothing (one thread, Xeon with AVX-512; by the differences of runs of 4 and 14, and of 2 and 12 steps).
  recipes: {
    // What the networks learn is what is studied, so their later blocks do.
    "l2g-small": [
      ...["attentionSteps=250", "frozenParts=stem,block1,block2,block3,block4,block5,block6"],
      ...["steps=250", "batchSize=4", "decoder=convolutional", "decoderChannels=256", "evaluateEvery=0"],
    ],
  },
  dataset: "scenes:size=128,train=300,val=60,test=1,classes=coarse",
  fractions: [1],
  seeds: 2,
  parts,
  standardParts: Object.keys(parts),
  scaled: ["localSize", "views"],
  plan({ parts, recipe }) {
    return { pretrainings: [], arms: [base, ...parts.flatMap((part) => armsOf(part, recipe as L2GRecipe))], claims };
  },
};
