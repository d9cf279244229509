/** A tokenizer with a codebook (van den Oord et al. 2017), as VQGAN's code wraps one: the convolutions are the discrete VAE's. */
import { normalInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import {
  add,
  argMax,
  conv,
  gather,
  mean,
  mul,
  neg,
  reshape,
  sigmoid,
  softmax,
  square,
  stopGradient,
  straightThrough,
  sub,
  sum,
  transpose,
} from "../../ops/index.ts";
import { type DvaeSettings, dvaeEncoder, dvaeStride, mapPixels, unmapPixels } from "./dvae.ts";
import { codeIndex, dvaeDecoder, dvaeDecoderEnd, dvaeDecoderStart, dvaeEndReach, placesOf } from "./dvae-decoder.ts";
import type { MaskTokenizer } from "./tokenizer.ts";

export interface VqSettings extends DvaeSettings {
  /** Of the codebook's vectors. */
  readonly codeWidth: number;
  /** How pictures end: colours by `sigmoid`, channels of which one holds by `softmax`. */
  readonly output: "sigmoid" | "softmax";
}

/** What the encoder's vectors are drawn to the codebook by, beside what draws the codebook to them. */
const commitment = 0.25;

export function vqTokenizer(settings: VqSettings): MaskTokenizer {
  const { channels, codes } = settings;
  const decoded = (scope: Scope, vectors: Tensor) => shown(decoderOutput(scope, vectors, settings), settings);
  return {
    ...{ stride: dvaeStride(settings), codes, channels },
    logits: (scope, maskige) => nearness(vectorsOf(scope, maskige, settings), codebook(scope, settings)),
    decode: (scope, tokens) => decoded(scope, chosen(scope, tokens, settings)),
    halves: {
      start: (scope, tokens) =>
        dvaeDecoderStart(scope.at("decoder"), decoderEntry(scope, chosen(scope, tokens, settings), settings), settings),
      end: (scope, map) => shown(placesOf(dvaeDecoderEnd(scope.at("decoder"), map, settings)), settings),
      reach: dvaeEndReach(settings),
    },
    decodeShares(scope, shares) {
      const table = codebook(scope, settings);
      const weight = reshape(transpose(table, [1, 0]), [settings.codeWidth, codes, 1, 1]);
      return decoded(scope, conv(shares, weight));
    },
  };
}

/** What training lowers. maskige: [B, channels, H, W] in [0, 1], sides multiples of the stride. */
export function vqLosses(
  scope: Scope,
  maskige: Tensor,
  settings: VqSettings,
): Record<"reconstruction" | "codebook", Tensor> {
  const place = scope.shared();
  const vectors = vectorsOf(place, maskige, settings);
  const table = codebook(place, settings);
  const tokens = argMax(nearness(vectors, table), { axis: 1 }); // [B, h, w]
  const nearest = transpose(gather(table, tokens, { axis: 0 }), [0, 3, 1, 2]); // [B, D, h, w]
  const drawn = mean(square(sub(nearest, stopGradient(vectors))), {});
  const committed = mean(square(sub(vectors, stopGradient(nearest))), {});
  const output = decoderOutput(place, straightThrough(stopGradient(nearest), vectors), settings);
  // Per channel and pixel, whatever ends the picture.
  const reconstruction = mean(square(sub(shown(output, settings), maskige)), {});
  return { reconstruction, codebook: add(drawn, mul(committed, commitment)) };
}

function vectorsOf(scope: Scope, maskige: Tensor, settings: VqSettings): Tensor {
  const { output } = dvaeEncoder(scope.at("encoder"), mapPixels(maskige), { ...settings, codes: settings.codeWidth });
  return conv2d(scope.at("encoder").at("last"), output, settings.codeWidth, { kernel: 1 });
}

function codebook(scope: Scope, { codes, codeWidth }: VqSettings): Tensor {
  return scope.shared().at("decoder").parameter("codebook", [codes, codeWidth], normalInitializer(1));
}

/** −|z − e|² up to what all codes share. vectors: [B, D, h, w]; table: [V, D] → [B, V, h, w]. */
function nearness(vectors: Tensor, table: Tensor): Tensor {
  const [codes, width] = table.shape;
  const weight = reshape(mul(table, 2), [codes, width, 1, 1]);
  return conv(vectors, weight, { bias: neg(sum(square(table), { axes: [1] })) });
}

/** The codebook's vectors of tokens. tokens: [B, h, w] integers → [B, D, h, w]. */
function chosen(scope: Scope, tokens: Tensor, settings: VqSettings): Tensor {
  return transpose(gather(codebook(scope, settings), codeIndex(tokens), { axis: 0 }), [0, 3, 1, 2]);
}

function decoderEntry(scope: Scope, vectors: Tensor, { entryWidth }: VqSettings): Tensor {
  return conv2d(scope.at("decoder").at("input"), vectors, entryWidth, { kernel: 1 });
}

/** What the decoder says of each number; a VQ has no use for the scales beside. */
function decoderOutput(scope: Scope, vectors: Tensor, settings: VqSettings): Tensor {
  return placesOf(dvaeDecoder(scope.at("decoder"), decoderEntry(scope, vectors, settings), settings).output);
}

function shown(output: Tensor, settings: VqSettings): Tensor {
  return settings.output === "softmax" ? softmax(output, { axis: 1 }) : unmapPixels(sigmoid(output));
}
