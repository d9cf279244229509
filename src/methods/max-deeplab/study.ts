/** The paper's ablations in miniature: scaling, the transformer, the losses; scored by panoptic quality on drawn streets. */
import type { Arm, Study, StudyPlan } from "../study.ts";
import { claims } from "./claims.ts";
import type { MaxDeepLabRecipe } from "./recipe.ts";

/** What every ablation changes: convolutions alone, transformers at stride 16, one climb of the decoder, all losses. */
const usual = [
  ...["axialFromStride=64", "transformerFromStride=16", "extraTransformerFromStride=16"],
  ...["backboneHourglasses=0", "extraHourglasses=0", "pixelToMemory=true", "memoryToMemory=true"],
  "similarity=product",
];

function arm(name: string, about: string, settings: readonly string[], drawn = false): Arm {
  return { name, about, settings: [...usual, ...settings], from: null, fractions: [1], drawn };
}

const base = arm("base", "no axial attention, transformers at stride 16, one climb, all losses", [], true);
const axial = "axialFromStride=16";

function scaling({ cropHeight, cropWidth, steps }: MaxDeepLabRecipe): readonly Arm[] {
  // As 1025 is to 641 pixels.
  const larger = (side: number) => 16 * Math.round((1.6 * (side - 1)) / 16) + 1;
  const large = [`cropHeight=${larger(cropHeight)}`, `cropWidth=${larger(cropWidth)}`];
  return [
    arm("axial", "axial attention from stride 16 on", [axial], true),
    arm("large", "pictures 1.6 times as large", large),
    arm("large-axial", "pictures 1.6 times as large, axial attention", [...large, axial]),
    arm("hourglass", "one more descent and climb of the decoder", ["extraHourglasses=1"], true),
    arm("hourglasses", "two more", ["extraHourglasses=2"]),
    arm("twice", "twice the steps", [`steps=${2 * steps}`]),
    arm("four-times", "four times the steps", [`steps=${4 * steps}`], true),
  ];
}

function transformer(): readonly Arm[] {
  const from = (stride: number) => [`extraTransformerFromStride=${stride}`];
  return [
    arm("no-p2m", "pixels read no slots", ["pixelToMemory=false"], true),
    arm("no-m2m", "slots read no slots", ["memoryToMemory=false"]),
    arm("neither", "slots read pixels, and that is all", ["pixelToMemory=false", "memoryToMemory=false"]),
    arm("stride-8", "transformers at stride 8, too", from(8)),
    arm("stride-4", "transformers at strides 8 and 4, too", from(4)),
  ];
}

function losses(): readonly Arm[] {
  const [noSemantic, noMaskId, noInstance] = ["semanticWeight=0", "maskIdWeight=0", "instanceWeight=0"];
  return [
    arm("sum", "similarity RQ + SQ in place of RQ × SQ", ["similarity=sum"]),
    arm("no-semantic", "without the semantic loss", [noSemantic]),
    arm("instance-alone", "instance discrimination as the only auxiliary loss", [noSemantic, noMaskId]),
    arm("pq-alone", "without auxiliary losses", [noSemantic, noMaskId, noInstance], true),
  ];
}

const parts = {
  scaling: "axial attention, larger pictures, more climbs of the decoder, more steps",
  transformer: "without P2M, without M2M, and at strides 8 and 4",
  losses: "RQ + SQ, and without auxiliary losses",
};

function armsOf(part: string, recipe: MaxDeepLabRecipe): readonly Arm[] {
  switch (part) {
    case "scaling":
      return scaling(recipe);
    case "transformer":
      return transformer();
    case "losses":
      return losses();
    default:
      throw new Error(`max-deeplab study: there is no part "${part}".`);
  }
}

export const study: Study = {
  // 17 arms, which cost as much as 26 of the base, with two seeds each: two hours on two cores where a step of the base takes 0.25 s.
  recipes: {
    "maxdeeplab-small": [
      ...["steps=400", "warmupSteps=40", "cropHeight=129", "cropWidth=129", "evaluateEvery=0"],
      // What the README tells was measured with these, before the recipe had others.
      ...["pqWeight=3", "learningRate=2e-3", "scaleMin=0.9", "scaleMax=1.3"],
    ],
    "maxdeeplab-tiny": [],
  },
  dataset:
    "scenes:size=128,train=400,val=60,test=1,kind=street," +
    "classes=sky+road+pavement+person+vegetation+building+vehicle+animal+object",
  fractions: [1],
  seeds: 2,
  measure: "PQ",
  parts,
  standardParts: Object.keys(parts),
  scaled: ["cropHeight", "cropWidth", "steps"],
  plan({ parts, recipe }): StudyPlan {
    const arms = [base, ...parts.flatMap((part) => armsOf(part, recipe as MaxDeepLabRecipe))];
    return { pretrainings: [], arms, claims };
  },
};
