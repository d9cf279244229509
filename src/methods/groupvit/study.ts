/** Tables 1 to 4 of the paper in miniature: what makes groups, how many, in how many stages, and what they are worth. */
import type { Arm, Study, StudyPlan } from "../study.ts";
import { claims } from "./claims.ts";
import { type GroupViTRecipe, pixelwise } from "./recipe.ts";

/** The paper's own of one stage, which tables 1 to 3 have in common. */
const usual = { tokens: 64, outputs: 8 } as const;

/** One grouping stage: the blocks of the recipe's first stage before it, all others behind it. */
function oneStage({ depths, heads }: GroupViTRecipe, tokens: number, outputs: number): string[] {
  const behind = depths.slice(1).reduce((sum, blocks) => sum + blocks, 0);
  return [
    ...[`depths=${depths[0]},${Math.max(1, behind)}`, `heads=${heads[0]},${heads.at(-1)}`, "widthFactors=1,1"],
    ...[`groupTokens=${tokens},0`, `outputGroups=${outputs}`],
  ];
}

/** No groups, as the recipes without them have it. */
function noStage(recipe: GroupViTRecipe): string[] {
  return Object.entries(pixelwise(recipe)).map(([key, values]) => `${key}=${values.length === 0 ? "[]" : values}`);
}

/** The paper's group tokens and groups in the recipe's stages, or in as many blocks: 64 of the first, 8 of the second. */
function twoStages({ depths, heads }: GroupViTRecipe): string[] {
  const [before, behind = 1] = depths;
  const split = behind > 1 ? [before, 1, behind - 1] : [Math.max(1, before - 1), 1, 1];
  const [first, second, ...rest] = depths.length > 2 ? depths : split;
  const last = rest.reduce((sum, blocks) => sum + blocks, 0);
  const { tokens, outputs } = usual;
  return [
    ...[`depths=${first},${second},${last}`, `heads=${Array(3).fill(heads[0])}`, "widthFactors=1,1,1"],
    ...[`groupTokens=${tokens},${outputs},0`, `outputGroups=${tokens},${outputs}`],
  ];
}

const hard = "assignment=hard";

function arm(name: string, about: string, settings: readonly string[], drawn = false): Arm {
  return { name, about, settings, from: null, fractions: [1], drawn };
}

/** What every table compares with: hard assignment, multi-label loss, 64 tokens, 8 groups, one stage. */
function base(recipe: GroupViTRecipe): Arm {
  const { tokens, outputs } = usual;
  return arm(
    "hard-multi",
    "hard assignment, multi-label loss, 64 tokens, 8 groups, one stage",
    [...oneStage(recipe, tokens, outputs), hard],
    true,
  );
}

function assignments(recipe: GroupViTRecipe): readonly Arm[] {
  const network = oneStage(recipe, usual.tokens, usual.outputs);
  const without = "prompts=0";
  return [
    arm("soft", "soft assignment, contrastive loss alone", [...network, "assignment=soft", without]),
    arm("hard", "hard assignment, contrastive loss alone", [...network, hard, without]),
    arm("soft-multi", "soft assignment, multi-label loss", [...network, "assignment=soft"], true),
  ];
}

function sizes(recipe: GroupViTRecipe): readonly Arm[] {
  return [
    [16, 4],
    [16, 8],
    [32, 8],
    [64, 16],
  ].map(([tokens, outputs]) =>
    arm(`${tokens}-to-${outputs}`, `as hard-multi, ${tokens} group tokens, ${outputs} groups`, [
      ...[...oneStage(recipe, tokens, outputs), hard],
    ]),
  );
}

/** What a part runs besides `base`. */
function armsOf(part: string, recipe: GroupViTRecipe): readonly Arm[] {
  switch (part) {
    case "assignment":
      return assignments(recipe);
    case "groups":
      return sizes(recipe);
    case "stages":
      return [arm("two-stages", "as hard-multi, two grouping stages", [...twoStages(recipe), hard], true)];
    case "pixelwise":
      return [arm("pixelwise", "no groups: each patch the nearest word", [...noStage(recipe), hard], true)];
    default:
      throw new Error(`groupvit study: there is no part "${part}".`);
  }
}

const parts = {
  assignment: "table 1: soft and hard assignment, with and without the multi-label loss",
  groups: "table 2: 16, 32 and 64 group tokens, 4, 8 and 16 groups",
  stages: "table 3: two grouping stages instead of one",
  pixelwise: "table 4: a network without groups, trained alike",
};

export const study: Study = {
  // Ten arms with two seeds each have two hours on two cores: 20 · (steps · 0.4 s + 60 s), where a step of the recipe takes
  // 0.4 s of processor time with one stage. The recipe groups early and leaves words out since: what is in the README was
  // measured before.
  recipes: { "groupvit-scenes": ["steps=600", "promptStopWords=[]", "depths=3,1", "sumAssign=true"] },
  dataset:
    "scenes:size=96,train=5000,val=40,test=1,kind=street,details=1," +
    "classes=sky+road+pavement+person+vegetation+building+vehicle+animal+object",
  fractions: [1],
  seeds: 2,
  parts,
  standardParts: Object.keys(parts),
  scaled: ["depths", "heads"],
  plan({ parts, recipe }): StudyPlan {
    const groupvit = recipe as GroupViTRecipe;
    const arms = [base(groupvit), ...parts.flatMap((part) => armsOf(part, groupvit))];
    return { pretrainings: [], arms, claims };
  },
};
