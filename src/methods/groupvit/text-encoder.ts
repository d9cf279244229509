import { normalInitializer, zerosInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { embedding } from "../../nn/embedding.ts";
import { layerNorm } from "../../nn/norm.ts";
import { transformerBlock } from "../../nn/transformer.ts";
import { add, argMax, cast, equal, gatherNd, slice, unsqueeze } from "../../ops/index.ts";
import type { GroupViTSettings } from "./settings.ts";

export type TextSettings = Pick<
  GroupViTSettings,
  "textContext" | "textWidth" | "textHeads" | "textLayers" | "textVocabulary" | "textEndToken"
>;

export interface TextVectors {
  /** The text's vector, that of its end token: [N, W]. */
  readonly pooled: Tensor;
  /** Token vectors with their positions, [N, L, W]. */
  readonly embedded: Tensor;
  /** After each transformer block, [N, L, W]. */
  readonly layers: readonly Tensor[];
}

/**
 * CLIP's text transformer (Radford et al. 2021): causal, pre-norm, with the quick GELU. What stands behind the end token
 * changes nothing, so padding needs no mask, and texts may be given in fewer places than `textContext`.
 *
 * ids: [N, L] int64 or int32, padded behind the end token, L at most `textContext`.
 */
export function textEncoder(scope: Scope, ids: Tensor, settings: TextSettings): TextVectors {
  const { textContext, textWidth: width, textHeads: heads, textLayers, textVocabulary, textEndToken } = settings;
  const [, places] = ids.shape;
  if (places > textContext) {
    throw scope.error(`a text must have at most ${textContext} tokens, got ${places}. Cut it before its end token.`);
  }
  const tokens = embedding(scope.at("tokens"), ids, { count: textVocabulary, width }); // [N, L, W]
  const table = scope.parameter("positions", [textContext, width], normalInitializer(0.01));
  const embedded = add(tokens, places === textContext ? table : slice(table, [{ axis: 0, start: 0, end: places }]));

  const layers: Tensor[] = [];
  for (let i = 0; i < textLayers; i++) {
    const x = layers[i - 1] ?? embedded;
    layers.push(
      transformerBlock(scope.at(`layer${i + 1}`), x, {
        ...{ heads, causal: true, gelu: "quick", epsilon: 1e-5 },
        ...initializers(width, textLayers),
      }),
    );
  }
  const last = layers[textLayers - 1] ?? embedded;
  const ends = gatherNd(last, unsqueeze(endPlaces(ids, textEndToken), 1), { batchDims: 1 }); // [N, W]
  return { pooled: layerNorm(scope.at("norm"), ends), embedded, layers };
}

/** The first place of the end token, or of the largest id. ids: [N, L] → [N]. */
function endPlaces(ids: Tensor, endToken: number): Tensor {
  const small = cast(ids, "int32");
  return argMax(endToken < 0 ? small : cast(equal(small, constant(endToken, "int32")), "int32"), { axis: 1 });
}

/** As CLIP starts its layers: what adds to the residual stream the smaller the more layers there are. */
function initializers(width: number, layers: number) {
  const residual = normalInitializer(width ** -0.5 * (2 * layers) ** -0.5);
  return {
    attentionInitializers: {
      weightInitializer: normalInitializer(width ** -0.5),
      outWeightInitializer: residual,
      biasInitializer: zerosInitializer,
    },
    mlpInitializers: { weightInitializer: normalInitializer((2 * width) ** -0.5), outWeightInitializer: residual },
  } as const;
}
