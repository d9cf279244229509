/** A study of two arms that no paper has, for tests: what is scheduled, compared and drawn, without training. */
import { ddep } from "../../src/methods/ddep/index.ts";
import { type Arm, compare, judgeAll, judgeTogether, type Study } from "../../src/methods/study.ts";
import type { StudyChoice } from "../../src/study/schedule.ts";

const plain: Omit<Arm, "fractions"> = {
  ...{ name: "plain", about: "random weights", settings: ["start=none"], from: null, drawn: true },
};
const warm: Omit<Arm, "fractions"> = {
  ...{ name: "warm", about: "<b>pretrained</b>", settings: ["start=ddep"], from: "denoise", drawn: true },
};

export const smallStudy: Study = {
  ...{ recipes: { "ddep-tiny": [] }, dataset: "scenes", fractions: [1 / 8, 1], seeds: 2 },
  parts: { main: "with and without", width: "a wider one, at few labels" },
  standardParts: ["main"],
  scaled: [],
  plan: ({ parts, fractions }) => ({
    pretrainings: [
      {
        name: "encoder",
        about: "",
        dataset: "tags",
        settings: ["denoiseSteps=0", "steps=0"],
        from: null,
        perSeed: false,
        isEncoder: true,
      },
      { name: "denoise", about: "", dataset: null, settings: ["steps=0"], from: "encoder", perSeed: true },
    ],
    arms: [
      ...(parts.includes("main") ? [plain, warm].map((arm) => ({ ...arm, fractions })) : []),
      ...(parts.includes("width")
        ? [{ ...plain, name: "wide", settings: ["widthMultiplier=2"], fractions: [fractions[0]], drawn: false }]
        : []),
    ],
    claims: [
      {
        ...{ text: "warm is better", source: "nobody" },
        judge: (scores) =>
          judgeTogether(
            fractions.map((fraction) => judgeAll([compare(scores, "warm", "plain", fraction)], "warm − plain")),
          ),
      },
    ],
  }),
};

export const smallChoice: StudyChoice = {
  ...{
    method: ddep,
    study: smallStudy,
    recipe: "ddep-tiny",
    encoder: null,
    parts: ["main", "width"],
    fractions: smallStudy.fractions,
    seeds: 2,
  },
  settings: ["steps=5"],
};
