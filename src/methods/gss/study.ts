/** Tables 1 to 3 and 6 of the paper in miniature, on drawn scenes: variants, tokenizers, the image encoder, places never seen. */
import { type Arm, eachOnce, type Pretraining, type Study, type StudyRuns } from "../study.ts";
import { claims, knownPlaces, otherPlaces } from "./claims.ts";

/** What tables 1 and 2 compare: masks that the tokenizer gives back. */
const reconstruction = { measure: "reconstruction mean IoU", fractions: [1], drawn: false } as const;

/** The published one is given; here each seed has its own. */
const tokenizer: Pretraining = {
  ...{ name: "tokenizer", about: "the tokenizer, on masks painted in colours far from each other and from grey" },
  ...{ dataset: null, settings: ["steps=0"], from: null, perSeed: true },
};

const ff: Arm = {
  ...reconstruction,
  ...{ name: "ff", about: "discrete VAE, fixed colours, read as the nearest" },
  ...{ settings: [], from: tokenizer.name, trains: false },
};

/** X or X⁻¹, trained on masks as that tokenizer gives them back. */
function trained(name: string, variant: string, about: string): Arm {
  const settings = [`variant=${variant}`, "inverseSource=posterior", "steps=0"];
  return { ...reconstruction, name, about, settings, from: tokenizer.name };
}

/** A tokenizer of another kind. */
function other(name: string, about: string, settings: readonly string[]): Arm {
  return { ...reconstruction, name, about, settings: [...settings, "steps=0"], from: null };
}

const variants: readonly Arm[] = [
  ff,
  other("ff-r", "the same with random colours, and a tokenizer that has learned those", [
    "variant=FF-R",
    "palette=random",
  ]),
  trained("ft", "FT", "as ff, colours read by three convolutions"),
  trained("ft-w", "FT-W", "as ff, colours read by attention within windows"),
  trained("tf", "TF", "as ff, colours trained and read by their pseudo-inverse"),
  trained("tt", "TT", "as ff, colours trained with the convolutions that read them"),
];

const tokenizers: readonly Arm[] = [
  ff,
  other("dvae-classes", "discrete VAE, one channel a class in place of colours", ["tokenizerChannels=classes"]),
  other("vq-colors", "VQ on colours", ["tokenizer=vq"]),
  other("vq-classes", "VQ, one channel a class", ["tokenizer=vq", "tokenizerChannels=classes"]),
];

/** What predicts tokens. whole: with window attention over all levels. */
function predicted(name: string, about: string, grid: number, pixels: boolean, whole: boolean): Arm {
  const settings = [`tokenGrid=${grid}`, `pixelHead=${pixels ? "separate" : "none"}`, `aggregates=${whole}`];
  return { name, about, settings, from: tokenizer.name, fractions: [1], drawn: true, fromEncoder: true };
}

const encoders: readonly Arm[] = [
  predicted("grid-8", "tokens of 8 × 8 pixels, no pixel head, no window attention", 8, false, false),
  predicted("grid-8-pixels", "the same with a pixel head", 8, true, false),
  predicted("grid-4-pixels", "tokens of 4 × 4 pixels, with a pixel head", 4, true, false),
  predicted("grid-4-whole", "the same with window attention over all levels: GSS-FF", 4, true, true),
];

function placesSpec(places: readonly string[], train: number): string {
  return `scenes:size=128,train=${train},val=30,test=1,kind=${places.join("+")},classes=coarse`;
}

/** Trained on two places, and scored on these and on each of three others. */
function domains(): StudyRuns {
  const places = knownPlaces.join(" and ");
  const ff: Pretraining = {
    ...{ name: "places-ff", about: `GSS-FF, tokenizer and all, on ${places}` },
    ...{ dataset: placesSpec(knownPlaces, 400), settings: [], from: null, perSeed: true, fromEncoder: true },
  };
  const mended: Pretraining = {
    ...{ name: "places-ft-w", about: "the same, colours read by attention within windows, trained behind it" },
    ...{
      dataset: ff.dataset,
      settings: ["variant=FT-W", "inverseSource=prior", "inverseBatchSize=4"],
      from: ff.name,
      perSeed: true,
    },
  };
  const scored = (name: string, from: Pretraining, of: readonly string[]): Arm => ({
    ...{ name, about: `${from.name} on ${of.join(" and ")}`, settings: [], from: from.name, fractions: [1] },
    ...{ drawn: false, trains: false, scoredOn: placesSpec(of, 1) },
  });
  const arms = [ff, mended].flatMap((from) => {
    const variant = from.name.slice("places-".length);
    return [
      scored(`${variant}-known`, from, knownPlaces),
      ...otherPlaces.map((place) => scored(`${variant}-${place}`, from, [place])),
    ];
  });
  return { pretrainings: [ff, mended], arms };
}

const parts = {
  variants: "colours and what reads them, fixed or trained, by what is given back of masks",
  tokenizers: "discrete VAE and VQ, on colours and on channels of classes, by what is given back of masks",
  encoder: "smaller tokens, a pixel head, window attention over all levels",
  domains: `trained on ${knownPlaces.join(" and ")}, scored on ${otherPlaces.join(", ")}`,
};

function runsOf(part: string): StudyRuns {
  switch (part) {
    case "variants":
      return { pretrainings: [tokenizer], arms: variants };
    case "tokenizers":
      return { pretrainings: [tokenizer], arms: tokenizers };
    case "encoder":
      return { pretrainings: [tokenizer], arms: encoders };
    case "domains":
      return domains();
    default:
      throw new Error(`gss study: there is no part "${part}".`);
  }
}

export const study: Study = {
  // Processor time a step, measured: 0.15 s of a tokenizer, 0.06 of FT, 0.57 of the prior with tokens of 4 pixels and 0.18 of 8, 1.2 of FT-W
  // behind it. With two seeds 2 · (6 · 1000 · 0.15 + 4 · 300 · 0.06 + 600 · (3 · 0.57 + 2 · 0.18) + 300 · 1.2 + 370 for scores and
  // starts) = 5900 s, which are within two hours on two cores.
  recipes: {
    "gss-small": [
      ...["tokenizerGroups=4", "klWeight=1", "usageWeight=50"], // a token of 8 pixels, as published
      ...["tokenizerSteps=1000", "inverseSteps=300", "inverseBatchSize=8"],
      ...["steps=600", "cropHeight=96", "cropWidth=96", "evaluateEvery=0"],
    ],
    "gss-tiny": ["tokenizerGroups=4"],
  },
  dataset: "scenes:size=128,train=400,val=60,test=1,classes=coarse",
  fractions: [1],
  seeds: 2,
  parts,
  standardParts: Object.keys(parts),
  scaled: ["steps", "tokenizerSteps", "inverseSteps"],
  plan({ parts }) {
    const each = parts.map(runsOf);
    return {
      pretrainings: eachOnce(each.flatMap(({ pretrainings }) => pretrainings)),
      arms: eachOnce(each.flatMap(({ arms }) => arms)),
      claims,
    };
  },
};
