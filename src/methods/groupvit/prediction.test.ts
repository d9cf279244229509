/** Words to class scores: synonyms, the background's place, templates; and that words are computed once. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bareProbabilities, checkEngine, checkImage } from "../../../test/support/check-model.ts";
import { portInput } from "../../../test/support/port-input.ts";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, type Named, type NdArray, ndarray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import type { ClassInfo } from "../../data/sample.ts";
import { Model } from "../../graph/scope.ts";
import { constant, input } from "../../graph/tensor.ts";
import { cropImage } from "../../image/crop.ts";
import { imageInput, imagenetNormalization } from "../../nn/image-input.ts";
import type { TrainedModel } from "../../prediction/model.ts";
import { assemble } from "../../prediction/pipeline/assemble.ts";
import { openSegmenter } from "../../prediction/segmenter.ts";
import type { Engine } from "../../runtime/engine.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import type { SemanticModel } from "../model.ts";
import { anyTask } from "../stages.ts";
import { groupvit } from "./index.ts";
import { encodeImages, encodePairs, logitScale, pairLosses } from "./network.ts";
import { usualPreparation } from "./port-preparation.ts";
import { namedVectors } from "./prediction.ts";
import { type GroupViTRecipe, recipes } from "./recipe.ts";
import { groupMaps, groupOfPixels } from "./segmentation.ts";
import { validate } from "./validate.ts";

const recipe: GroupViTRecipe = { ...recipes["groupvit-tiny"], windowSide: 32, shortSide: 32, threshold: 0.5 };
const color = [0, 0, 0] as const;
const background: ClassInfo = { name: "background", color, background: true };
const named = (name: string, ...others: string[]): ClassInfo =>
  others.length === 0 ? { name, color } : { name, color, words: [name, ...others] };

let weights: Named<NdArray>;
let engine: Engine;
beforeAll(async () => {
  await groupvit.ready!();
  const model = new Model();
  const ids = input("ids", [1, 1 + recipe.prompts, 4], "int64");
  pairLosses(model.scope, encodePairs(model.scope, input("images", [1, 3, 32, 32]), ids, recipe), recipe);
  // Large enough that groups and words are told apart.
  weights = Object.fromEntries(
    Object.entries(movedWeights(model)).map(([name, array]) => {
      const random = new Random("large", name);
      const large = toNumbers(array).map((value) => (array.shape.length > 1 ? random.between(-1, 1) : value));
      return [name, float32(array.shape, large)] as const;
    }),
  );
  engine = await checkEngine();
});
afterAll(() => engine.close());

const trained = (classes: readonly ClassInfo[], changes: Partial<GroupViTRecipe> = {}): TrainedModel => ({
  ...{ method: groupvit as unknown as TrainedModel["method"], recipe: { ...recipe, ...changes }, weights },
  ...{
    task: { classes, frequencies: [] },
    valueMap: {},
    window: [32, 32],
    shortSide: 32,
    source: "check",
    licence: "",
  },
});

const image = checkImage(32, 32, 5);

/** Scores by class, [h·w] each. */
async function scores(classes: readonly ClassInfo[], changes: Partial<GroupViTRecipe> = {}) {
  const all = await bareProbabilities(trained(classes, changes), image);
  const size = all.length / classes.length;
  return classes.map((_, k) => [...all.subarray(k * size, (k + 1) * size)]);
}

const close = (got: readonly number[], wanted: readonly number[]) => {
  expect(got.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries()) expect(Math.abs(got[i] - value)).toBeLessThan(1e-5);
};

describe("classes", () => {
  const [cat, dog, tree] = ["cat", "dog", "tree"].map((name) => named(name));

  test("that are told by several words are as near as the nearest of them, whatever their order", async () => {
    const plain = await scores([cat, dog, tree]);
    const twice = await scores([named("cat", "cat"), dog, tree]);
    for (const [k, map] of plain.entries()) close(twice[k], map);
    const one = await scores([named("cat", "sofa", "lamp"), dog, named("tree", "boat")]);
    const other = await scores([named("cat", "lamp", "sofa"), dog, named("boat", "tree")]);
    for (const [k, map] of one.entries()) close(other[k], map);
    // With one class nothing else takes part: more words can only bring it nearer to a group.
    const cosines = async (classes: readonly ClassInfo[]) => (await scores(classes, { scores: "hf" }))[0];
    const [a, b, both] = [
      await cosines([named("sofa")]),
      await cosines([named("lamp")]),
      await cosines([named("sofa", "lamp")]),
    ];
    for (const [i, value] of both.entries()) expect(value).toBeGreaterThanOrEqual(Math.max(a[i], b[i]) - 1e-3);
    expect(both).not.toEqual(a);
  });

  test("stand in the order in which they are asked for, the background wherever it is", async () => {
    const first = await scores([background, cat, dog]);
    const middle = await scores([cat, background, dog]);
    const last = await scores([cat, dog, background]);
    for (const [k, map] of [first[1], first[0], first[2]].entries()) close(middle[k], map);
    for (const [k, map] of [first[1], first[2], first[0]].entries()) close(last[k], map);
    // It is no word: the others' scores are as without it.
    const without = await scores([cat, dog]);
    close(first[1], without[0]);
    close(first[2], without[1]);
    expect(new Set([...first[0], 0, 1]).size).toBe(2);
  });

  test("besides the background there must be some", async () => {
    await expect(scores([background])).rejects.toThrow("expected at least one class besides the background");
  });

  test("have the more background the higher the threshold is", async () => {
    const shares = (threshold: number) =>
      Promise.all(
        [1, 2, 3, 4, 5, 6].map(async (seed) => {
          const model = trained([background, cat, dog, tree], { threshold });
          const ground = (await bareProbabilities(model, checkImage(32, 32, seed))).subarray(0, 32 * 32);
          return ground.reduce((sum, value) => sum + value, 0) / ground.length;
        }),
      );
    expect(await shares(0)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(Math.max(...(await shares(1)))).toBeGreaterThan(0);
  });

  test("never lose to a background that the port's scores do not know", async () => {
    const [ground, ...others] = await scores([background, cat, dog], { scores: "hf" });
    expect(Math.max(...ground)).toBeLessThan(Math.min(...others.flat()));
  });

  test("have the paper's scores where they are asked for: of each patch's own group, and of all classes", async () => {
    const classes = [cat, dog, tree, named("sofa", "couch"), named("lamp"), named("boat"), named("sky")];
    const found = await scores(classes, { scores: "paper" });
    const model = new Model();
    const bytes = constant(ndarray("uint8", [1, 32, 32, 3], image.data));
    const encoded = encodeImages(model.scope, imageInput(bytes, imagenetNormalization), recipe);
    const { vectors } = namedVectors(model.scope.shared(), recipe, classes);
    const { logits1, logits2, groups, words, scale } = await evaluate(
      {
        ...{ logits1: encoded.stages[0].grouping!.logits, logits2: encoded.stages[1].grouping!.logits },
        ...{ groups: encoded.groupEmbeddings!, words: vectors, scale: logitScale(model.scope.shared()) },
      },
      weights,
    );
    const likeliest = ({ shape: [, count, tokens], data }: NdArray, token: number) => {
      const column = Array.from({ length: count }, (_, g) => Number(data[g * tokens + token]));
      return column.indexOf(Math.max(...column));
    };
    const [width, texts] = [words.shape[1], toNumbers(words)];
    const cosines = (group: number) => {
      const own = toNumbers(groups).slice(group * width, (group + 1) * width);
      const each = Array.from({ length: words.shape[0] }, (_, w) =>
        own.reduce((sum, value, c) => sum + (value / Math.hypot(...own)) * texts[w * width + c], 0),
      );
      return [...each.slice(0, 3), Math.max(each[3], each[4]), ...each.slice(5)];
    };
    const seen = new Set<number>();
    for (let patch = 0; patch < 16; patch++) {
      const group = likeliest(logits2, likeliest(logits1, patch));
      seen.add(group);
      const powers = cosines(group).map((cosine) => Math.exp(cosine * Number(scale.data[0])));
      const total = powers.reduce((sum, power) => sum + power, 0);
      // Near its middle a patch is its own, however maps are enlarged.
      const pixel = (Math.floor(patch / 4) * 8 + 3) * 32 + (patch % 4) * 8 + 4;
      close(
        found.map((map) => map[pixel]),
        powers.map((power) => power / total),
      );
    }
    expect(seen.size).toBeGreaterThan(1);
  });

  test("have the paper's groups in pictures and pages, too, where its scores are asked for", async () => {
    const task = { classes: [cat, dog, tree], frequencies: [] };
    const paper: GroupViTRecipe = { ...recipe, scores: "paper" };
    const scope = new Model().scope.shared();
    const bytes = constant(ndarray("uint8", [1, 32, 32, 3], image.data));
    const { used, grid } = encodeImages(scope, imageInput(bytes, imagenetNormalization), recipe);
    const [first, last] = groupMaps(used, grid, [32, 32]);
    const seen = (of: GroupViTRecipe) => groupvit.views!(of, task)[0].outputs(scope, { image: bytes });
    const [shown, page] = [seen(paper), groupvit.groups!(paper, task)!.outputs(scope, { image: bytes })];
    const pictures = await evaluate({ ...shown, first: groupOfPixels(first), last: groupOfPixels(last) }, weights);
    expect(toNumbers(pictures.stage1)).toEqual(toNumbers(pictures.first));
    expect(toNumbers(pictures.stage2)).toEqual(toNumbers(pictures.last));
    expect(toNumbers(pictures.stage2)).not.toEqual(toNumbers((await evaluate(seen(recipe), weights)).stage2));
    const maps = await evaluate(page, weights);
    for (const name of ["map:stage 1", "map:stage 2"])
      expect([...new Set(toNumbers(maps[name]))].sort()).toEqual([0, 1]);
    // One softmax over the classes for each group that has patches, nothing for others.
    const near = toNumbers(maps["words:stage 2"]);
    const sums = Array.from({ length: 4 }, (_, g) => near.slice(3 * g, 3 * g + 3).reduce((sum, value) => sum + value));
    const patches = toNumbers(maps["map:stage 2"]);
    const there = new Set(patches.flatMap((share, i) => (share > 0 ? [Math.floor(i / 16)] : [])));
    for (const [group, sum] of sums.entries()) expect(sum).toBeCloseTo(there.has(group) ? 1 : 0, 4);
    expect(there.size).toBeLessThan(4);
  });

  test("depend on templates and on whose colours photographs have", async () => {
    const plain = await scores([cat, dog]);
    for (const changes of [{ templates: "full" }, { templates: "identity" }, { normalization: "hf" }] as const) {
      expect(await scores([cat, dog], changes)).not.toEqual(plain);
    }
  });
});

describe("a photograph as a whole", () => {
  const classes = [named("cat"), background, named("sofa", "couch", "settee"), named("lamp")];
  const { method, task } = trained(classes);
  const { prepare, words, scores } = method.classifier!(recipe, task);

  test("is compared with words by cosines, the nearest word of each class, and never with a background", async () => {
    const middle = prepare(checkImage(80, 37, 5));
    expect(middle.image.shape).toEqual([32, 32, 3]);
    const known = { ...weights, image: { ...middle.image, shape: [1, 32, 32, 3] } };
    const model = new Model();
    const vectors = words(model.scope);
    const found = await evaluate(vectors, weights);
    expect(found.vectors.shape).toEqual([5, recipe.projectionWidth]);
    const image = input("image", [1, 32, 32, 3], "uint8");
    const symbols = { vectors: input("vectors", found.vectors.shape) };
    const graph = { scores: scores(new Model().scope, { image }, symbols) };
    const row = toNumbers((await evaluate(graph, { ...known, ...found })).scores);
    const encoded = encodeImages(new Model().scope, imageInput(image, imagenetNormalization), recipe);
    const own = toNumbers((await evaluate({ y: encoded.embedding }, known)).y);
    const texts = toNumbers(found.vectors);
    const cosine = (word: number) => {
      const length = Math.hypot(...own);
      return own.reduce((sum, value, c) => sum + (value / length) * texts[word * own.length + c], 0);
    };
    close([row[0], row[2], row[3]], [cosine(0), Math.max(cosine(1), cosine(2), cosine(3)), cosine(4)]);
    expect(row[1]).toBeLessThan(-1);
  });

  test("is scaled as the recipe says, by the authors' filter too, and no less than the square", () => {
    const photograph = checkImage(80, 60, 5);
    const seen = (classifyShortSide: number) =>
      toNumbers(method.classifier!({ ...recipe, classifyShortSide } as GroupViTRecipe, task).prepare(photograph).image);
    // 8/7 of 32 is 37.
    expect(seen(37)).toEqual(seen(0));
    const middle = cropImage(photograph, { left: 24, top: 14, width: 32, height: 32 });
    expect(seen(60)).toEqual(Array.from(middle.data));
    expect(() => validate({ ...recipe, classifyShortSide: 31 })).toThrow(
      "classifyShortSide must be 0, or at least imageSize (32), got 31. 0 is usual.",
    );
  });

  test("is cut out of the middle, whatever is around it", () => {
    const image = checkImage(37, 37, 5);
    const other = { ...image, data: image.data.slice() };
    for (let i = 0; i < 37 * 3; i++) other.data[i] = 255 - other.data[i]; // the first row
    expect(prepare(other).image).toEqual(prepare(image).image);
  });

  test.each([
    [41, 97, 0],
    [90, 53, 0],
    [20, 31, 0],
    [41, 97, 48],
    [90, 53, 64],
  ])(
    "of %i x %i pixels (classifyShortSide=%i) is scaled and cut as the port does it, to the byte, where its preparation is asked for",
    async (width, height, classifyShortSide) => {
      const photograph = checkImage(width, height, 7);
      const asked = { ...recipe, normalization: "hf", classifyShortSide } as GroupViTRecipe;
      const { image } = method.classifier!(asked, task).prepare(photograph);
      const usual = usualPreparation(recipe.imageSize);
      const preparation = { ...usual, shortSide: classifyShortSide === 0 ? usual.shortSide : classifyShortSide };
      const bytes = constant(ndarray("uint8", [1, height, width, 3], photograph.data));
      const { seen } = await evaluate({ seen: portInput(bytes, preparation) });
      const own = imageInput(constant({ ...image, shape: [1, ...image.shape] }), preparation.normalization);
      close(toNumbers((await evaluate({ own })).own), toNumbers(seen));
    },
  );
});

describe("windows of any size", () => {
  const classes = ["cat", "sofa", "lamp", "dog", "tree", "boat", "sky", "road"].map((name) => named(name));

  test.each([
    [32, 70],
    [45, 90],
  ])("see a photograph of %i x %i pixels as a whole, as the bare network does", async (width, height) => {
    const photograph = checkImage(width, height, 3);
    const all = await bareProbabilities(trained(classes), photograph);
    const pixels = width * height;
    const segmenter = await openSegmenter(engine, trained(classes));
    const { labels } = await segmenter.segment(photograph, { windows: "whole" });
    const best = Array.from(labels.data, (_, i) => classes.map((_, k) => all[k * pixels + i]));
    const same = best.filter((values, i) => values[labels.data[i]] > Math.max(...values) - 1e-4);
    expect(same.length / pixels).toBeGreaterThan(0.999);
    if (width === 32) expect(new Set(labels.data).size).toBeGreaterThan(1);
    await segmenter.close();
  });
});

test("whose preparation is asked for says how photographs are scaled, too", () => {
  const preparationOf = (normalization: GroupViTRecipe["normalization"]) =>
    (groupvit.model({ ...recipe, normalization }, anyTask) as SemanticModel).preparation;
  expect(preparationOf("official")).toMatchObject({ filter: "bilinear", antialias: false });
  expect(preparationOf("hf")).toMatchObject({ filter: "bicubic", antialias: true });
});

describe("the compiled model", () => {
  const classes = [background, named("cat"), named("sofa", "couch"), named("lamp")];

  test("has the vectors of words in it, and nothing of what they come from", async () => {
    const graphs = await Promise.all([
      assemble(engine, trained(classes)),
      assemble(engine, trained(classes, { templates: "full" })),
    ]);
    const sizes = graphs.map(({ graph }) => {
      const all = [graph];
      let nodes = 0;
      for (let g = all.pop(); g; g = all.pop()) {
        for (const { dims = [] } of g.initializer ?? []) expect(dims.map(Number)).not.toContain(recipe.textVocabulary);
        nodes += g.node?.length ?? 0;
        for (const { attribute } of g.node ?? [])
          for (const { g: inner } of attribute ?? []) if (inner) all.push(inner);
      }
      return nodes;
    });
    // 80 templates cost no more than one.
    expect(sizes[1]).toBe(sizes[0]);
  });

  test("sees a second photograph with what it has: nothing is made or loaded for the same words again", async () => {
    const loaded: number[] = [];
    const counting: Engine = {
      ...engine,
      load: (...given) => {
        loaded.push(given.length);
        return engine.load(...given);
      },
    };
    const segmenter = await openSegmenter(counting, trained(classes));
    const before = loaded.length;
    expect(before).toBeGreaterThan(0);
    const first = await segmenter.segment(image);
    expect((await segmenter.segment(image)).labels).toEqual(first.labels);
    expect(loaded.length).toBe(before);
    await segmenter.close();
  });

  test("has its shapes before words are known, of a network that reads no words, too", () => {
    const other = { ...recipe, textVocabulary: 96 };
    expect(groupvit.model(other, anyTask).kind).toBe("semantic");
    expect(() => groupvit.model(other, { classes, frequencies: [] })).toThrow("Words cannot be asked of it.");
  });
});
