/**
 * A decoder that is told the level of the noise. The paper says only that the level may enter through normalization
 * layers; the definition is ours: sines and cosines of σ, two layers, and for each batch norm of the decoder a factor
 * and a shift of what it gives. Before fine-tuning it is folded into the batch norms, and an ordinary decoder is left.
 */
import { float32, type Named, type NdArray } from "../../array/ndarray.ts";
import { zerosInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import type { Modulation } from "../../networks/unet/decoder.ts";
import { linear } from "../../nn/linear.ts";
import { add, axisSize, concat, cos, mul, reshape, silu, sin, split } from "../../ops/index.ts";
import type { DdepRecipe } from "./recipe.ts";

type ConditionSettings = Pick<DdepRecipe, "conditionEmbedding" | "conditionWidth">;

/** σ times this is what the sines are taken of. */
const scale = 1000;

/** 1000·f_k with f_k = exp(−ln(10000)·k / half), k = 0 … half − 1. */
function frequencies(embedding: number): Float32Array {
  const half = embedding / 2;
  return Float32Array.from({ length: half }, (_, k) => scale * Math.exp((-Math.log(10_000) * k) / half));
}

/** [sin(1000·σ·f_k) …, cos(1000·σ·f_k) …]. sigma: [B] → [B, embedding]. */
export function levelEmbedding(sigma: Tensor, embedding: number): Tensor {
  const angles = mul(
    reshape(sigma, [axisSize(sigma, 0), 1]),
    constant(float32([embedding / 2], frequencies(embedding))),
  );
  return concat([sin(angles), cos(angles)], { axis: 1 });
}

/** The layers' first values are those that a seed gave when they were called so. */
const drawnAs = (name: string) => name.replace("condition.hidden", "cond.mlp.0").replace("condition.out", "cond.mlp.2");

/** The level as the decoder is told it. Parameters under `scope`: `hidden`, `out`. sigma: [B] → [B, width]. */
export function levelCondition(
  scope: Scope,
  sigma: Tensor,
  { conditionEmbedding, conditionWidth }: ConditionSettings,
): Tensor {
  const layers = scope.drawnAs(drawnAs);
  const embedded = levelEmbedding(sigma, conditionEmbedding); // [B, embedding]
  const hidden = silu(linear(layers.at("hidden"), embedded, conditionWidth)); // [B, width]
  return linear(layers.at("out"), hidden, conditionWidth); // [B, width]
}

/**
 * What tells a decoder the level: for each batch norm, y → y·(1 + scale) + shift. Parameters under `scope`: those of
 * `levelCondition`, and `film.PLACE` for each batch norm, which starts with zeros.
 *
 * sigma: [B].
 */
export function levelModulation(scope: Scope, sigma: Tensor, settings: ConditionSettings): Modulation {
  const condition = levelCondition(scope, sigma, settings); // [B, width]
  const zeros = { weightInitializer: zerosInitializer, biasInitializer: zerosInitializer };
  return (place, y) => {
    const [batch, channels] = y.shape;
    const both = linear(scope.at("film").at(place), condition, 2 * channels, zeros); // [B, 2·C]
    const [factor, shift] = split(both, [channels, channels], { axis: 1 }).map((part) =>
      reshape(part, [batch, channels, 1, 1]),
    );
    return add(mul(y, add(factor, 1)), shift);
  };
}

/**
 * Weights of a decoder that was told the level as those of one that is not, at one level: for each batch norm
 * weight′ = weight·(1 + scale), bias′ = bias·(1 + scale) + shift. `condition.*` is left out.
 */
export function foldCondition(weights: Named<NdArray>, sigma: number): Record<string, NdArray> {
  const folded: Record<string, NdArray> = {};
  for (const [name, array] of Object.entries(weights)) if (!name.startsWith("condition.")) folded[name] = array;
  const embedding = weights["condition.hidden.weight"].shape[1];
  const angles = frequencies(embedding).map((frequency) => Math.fround(sigma) * frequency);
  const embedded = Float64Array.from([...angles].flatMap(Math.sin).concat([...angles].map(Math.cos)));
  const layer = (place: string, x: Float64Array) => applied(weights[`${place}.weight`], weights[`${place}.bias`], x);
  const hidden = layer("condition.hidden", embedded).map((value) => value / (1 + Math.exp(-value)));
  const condition = layer("condition.out", hidden);
  const film = /^condition\.film\.(.*)\.weight$/;
  for (const place of Object.keys(weights).flatMap((name) => film.exec(name)?.[1] ?? [])) {
    const both = layer(`condition.film.${place}`, condition);
    const channels = both.length / 2;
    const [weight, bias] = ["weight", "bias"].map((kind) => weights[`decoder.${place}.${kind}`].data as Float32Array);
    folded[`decoder.${place}.weight`] = float32(
      [channels],
      weight.map((value, i) => value * (1 + both[i])),
    );
    folded[`decoder.${place}.bias`] = float32(
      [channels],
      bias.map((value, i) => value * (1 + both[i]) + both[channels + i]),
    );
  }
  return folded;
}

/** W·x + b. */
function applied({ shape: [rows, columns], data }: NdArray, bias: NdArray, x: Float64Array): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = Number(bias.data[row]);
    for (let column = 0; column < columns; column++) sum += Number(data[row * columns + column]) * x[column];
    return sum;
  });
}
