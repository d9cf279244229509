/** Training on photographs and their captions alone (Xu et al. 2022, section 3.3; the authors' code where they differ). */
import { fromNumbers, type Named, type NdArray, ndarray } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { augmentImage } from "../../data/augment-image.ts";
import type { Sample } from "../../data/sample.ts";
import { InputError } from "../../errors.ts";
import type { Scope } from "../../graph/scope.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { imageInput } from "../../nn/image-input.ts";
import { argMax, axisSize, cast, equal, matmul, max, mean, reciprocal, reshape, unsqueeze } from "../../ops/index.ts";
import { openTagger } from "../../text/open-tagger.ts";
import { captionWords, promptsOf } from "../../text/prompts.ts";
import { plainCaption } from "../../text/tagged-caption.ts";
import type { Beginning, Losses, Trained, TrainingStage } from "../stage.ts";
import { encoderStart, ungroupedStart } from "./encoder-start.ts";
import { logitScale, type PairVectors, pairLosses, poolPairs, projectPairs } from "./network.ts";
import type { GroupViTRecipe } from "./recipe.ts";
import { unitVectors } from "./unit.ts";
import { weightDecayGroup } from "./weight-decay.ts";
import { counterNames, fittedPositions } from "./whole-weights.ts";
import { normalizations } from "./window-scores.ts";
import { loadWords, requireVocabulary, textIds } from "./words.ts";

/** Words of a photograph that are looked for among others' prompts; captions rarely have more. */
const knownWords = 64;

/** Host: one view of the photograph, one of its captions and prompts of its words. */
async function prepare(sample: Sample, recipe: GroupViTRecipe, random: Random): Promise<Named<NdArray>> {
  const { captions = [] } = sample.labels;
  if (captions.length === 0) {
    throw new InputError(`${sample.source}: expected a caption, got none. Leave the photograph out.`);
  }
  const caption = random.fork("caption").pick(captions);
  await loadWords();
  requireVocabulary(recipe);
  const tagger = await openTagger();
  const wordsOf = (text: string) =>
    captionWords(text, tagger, recipe.promptWords).filter(
      (word) => !recipe.promptStopWords.includes(word.toLowerCase()),
    );
  const all = matchesWords(recipe) || recipe.promptSource === "photograph" ? captions.flatMap(wordsOf) : [];
  const words = recipe.promptSource === "photograph" ? [...new Set(all)] : wordsOf(caption);
  const prompts = promptsOf(caption, words, recipe.prompts, random.fork("prompts"));
  const view = augmentImage(sample.image, recipe, random.fork("view"));
  return {
    image: ndarray("uint8", [view.height, view.width, 3], view.data),
    ids: textIds([plainCaption(caption), ...prompts.texts], recipe),
    // What is filled up is of no word: the one kind of place is never equal to the other.
    ...(matchesWords(recipe) && {
      promptWords: wordCodes(prompts.words, recipe.prompts, -1),
      knownWords: wordCodes([...new Set(all)], knownWords, -2),
    }),
  };
}

function matchesWords({ prompts, promptMatches }: GroupViTRecipe): boolean {
  return prompts > 0 && promptMatches === "same-word";
}

/** A number for each word, the same for the same word in any case: [count] int64. */
function wordCodes(words: readonly string[], count: number, filling: number): NdArray {
  const codes = words.slice(0, count).map((word) => new Random(word.toLowerCase()).integer(2 ** 31));
  return fromNumbers("int64", [count], [...codes, ...new Array<number>(count - codes.length).fill(filling)]);
}

function embed(scope: Scope, { image, ids, ...words }: Named<Tensor>, recipe: GroupViTRecipe): Named<Tensor> {
  return { ...poolPairs(scope, imageInput(image, normalizations[recipe.normalization]), ids, recipe), ...words };
}

/** Which prompts are of a word that an image's captions have: [B, B·K] bool. promptWords: [B, K], knownWords: [B, W]. */
function wordMatches(promptWords: Tensor, known: Tensor): Tensor {
  const prompts = reshape(promptWords, [1, 1, -1]);
  return cast(max(cast(equal(unsqueeze(known, 2), prompts), "float32"), { axes: [1] }), "bool");
}

function loss(scope: Scope, embedded: Named<Tensor>, recipe: GroupViTRecipe): Losses {
  const { images, texts, promptWords, knownWords: known } = embedded;
  const vectors = projectPairs(scope, { images, texts }, recipe);
  const hasOwn = recipe.prompts > 0 && !recipe.sharedTemperature;
  const scales = scope.shared(); // the losses' own, looked at once more
  return {
    terms: {
      ...pairLosses(scales, vectors, recipe, matchesWords(recipe) ? wordMatches(promptWords, known) : undefined),
    },
    watched: {
      temperature: reciprocal(logitScale(scales)),
      ...(hasOwn && { multiLabelTemperature: reciprocal(logitScale(scales, "multiLabelScale")) }),
      rightPairs: rightPairs(vectors),
    },
  };
}

/** Share of the images whose own caption is the nearest of all: a scalar. */
function rightPairs({ images, captions }: PairVectors): Tensor {
  const count = axisSize(images, 0);
  const nearest = argMax(matmul(unitVectors(images), unitVectors(captions), { transposeB: true }), { axis: 1 });
  const own = Array.from({ length: count }, (_, i) => i);
  return mean(cast(equal(nearest, constant(fromNumbers("int64", [count], own))), "float32"));
}

/**
 * A pretrained image encoder; or weights of another GroupViT: positions for this one's size; what counts batches stays beside
 * them.
 */
function begin(from: Trained, recipe: GroupViTRecipe): Beginning {
  const { weights, stage } = from;
  if (stage === "encoder") return encoderStart(from, recipe);
  const all = Object.entries(fittedPositions(weights, recipe));
  const isCounter = ([name]: readonly [string, NdArray]) => counterNames.includes(name);
  const taken = Object.fromEntries(all.filter((entry) => !isCounter(entry)));
  const kept = Object.fromEntries(all.filter(isCounter));
  const hasBlocksOf = (number: number) => taken[`image.stage${number}.layer1.norm1.weight`] !== undefined;
  if (recipe.depths.length > 1 && hasBlocksOf(1) && !hasBlocksOf(2)) {
    return { ...ungroupedStart({ ...from, weights: taken }, recipe), kept };
  }
  return { weights: taken, kept, notes: [] };
}

/**
 * Contrastive training on captions. With `accumulate` a step is exactly that of one batch of all samples, the statistics of the
 * projections included, since batches are joined before those.
 */
export function captionStage(recipe: GroupViTRecipe): TrainingStage {
  const { batchSize, imageSize, prompts, textContext } = recipe;
  return {
    ...{ kind: "training", name: "train", learnsFrom: ["captions"], settings: recipe },
    begin: (from) => begin(from, recipe),
    inputs: {
      image: { dtype: "uint8", shape: [batchSize, imageSize, imageSize, 3] },
      ids: { dtype: "int64", shape: [batchSize, 1 + prompts, textContext] },
      ...(matchesWords(recipe) && {
        promptWords: { dtype: "int64", shape: [batchSize, prompts] },
        knownWords: { dtype: "int64", shape: [batchSize, knownWords] },
      }),
    },
    prepare: (sample, random) => prepare(sample, recipe, random),
    embed: (scope, batch) => embed(scope, batch, recipe),
    loss: (scope, embedded) => loss(scope, embedded, recipe),
    group: weightDecayGroup,
  };
}
