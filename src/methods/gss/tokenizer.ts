/** What turns maskiges into tokens and back, whatever it is: the discrete VAE, or a VQ. */
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { add, argMax, cast, concat, mul, reshape, slice } from "../../ops/index.ts";
import {
  type DvaeSettings,
  dvaeDecoder,
  dvaeEncoder,
  dvaeEntry,
  dvaeRelaxedEntry,
  dvaeStride,
  mapPixels,
  pictureOf,
} from "./dvae.ts";

/** Parameters stand under `encoder` and `decoder` of the scope that is given: the model's `tokenizer`. */
export interface MaskTokenizer {
  /** Pixels of a maskige per token, down and across. */
  readonly stride: number;
  /** Tokens are 0 … codes − 1. */
  readonly codes: number;
  /** Of a maskige: 3 colours, or one channel a class. */
  readonly channels: number;
  /** maskige: [B, channels, H, W] in [0, 1] → [B, codes, ⌊H / stride⌋, ⌊W / stride⌋]: the largest is the token. */
  logits(scope: Scope, maskige: Tensor): Tensor;
  /** tokens: [B, h, w] integers → maskige [B, channels, stride · h, stride · w] in [0, 1]. No gradient passes the tokens. */
  decode(scope: Scope, tokens: Tensor): Tensor;
  /** The same of shares of codes, one-hot or relaxed, which gradients pass. shares: [B, codes, h, w]. */
  decodeShares(scope: Scope, shares: Tensor): Tensor;
}

/** maskige: [B, channels, H, W] in [0, 1] → tokens [B, h, w] int64. */
export function tokensOf(tokenizer: MaskTokenizer, scope: Scope, maskige: Tensor): Tensor {
  return argMax(tokenizer.logits(scope, maskige), { axis: 1 });
}

/** The discrete VAE as a tokenizer. */
export function dvaeTokenizer(settings: DvaeSettings): MaskTokenizer {
  const { channels, codes } = settings;
  const picture = (scope: Scope, entry: Tensor) => pictureOf(dvaeDecoder(scope, entry, settings).output);
  return {
    ...{ stride: dvaeStride(settings), codes, channels },
    logits: (scope, maskige) => dvaeEncoder(scope.at("encoder"), mapPixels(maskige), settings).output,
    decode(scope, tokens) {
      const place = scope.at("decoder");
      return picture(place, dvaeEntry(place, tokens, settings));
    },
    decodeShares(scope, shares) {
      const place = scope.at("decoder");
      return picture(place, dvaeRelaxedEntry(place, shares, settings));
    },
  };
}

/** The first element of all. */
const first = ({ shape }: Tensor) => shape.map((_, axis) => ({ axis, start: 0, end: 1 }));

/** Tokens that are decoded together, those beside them included: the published decoder then holds some 6 GB. */
const mostTokens = 9216;
/** Rows beside a band that its picture depends on, of any decoder of 4 groups and 2 blocks: 2 · 3 · (1 + 1/2 + 1/4 + 1/8). */
const bandReach = 12;

/**
 * `decode` for prediction: many rows a band at a time, so that what a decoder holds stays small. tokens: [B, h, w] → the same maskige
 * as in one piece: bands overlap by what decoders see.
 */
export function decodedInBands(
  tokenizer: MaskTokenizer,
  scope: Scope,
  tokens: Tensor,
  most: number = mostTokens,
): Tensor {
  const [, rows, columns] = tokens.shape;
  if (rows * columns <= most) return tokenizer.decode(scope, tokens);
  const bandRows = Math.max(bandReach, Math.floor(most / columns) - 2 * bandReach);
  const place = scope.shared();
  const starts = Array.from({ length: Math.ceil(rows / bandRows) }, (_, i) => i * bandRows);
  // ONNX Runtime takes nodes in an order of its own and would begin all bands at once: each waits for a number of the one before.
  let wait = mul(slice(tokens, first(tokens)), 0);
  const bands = starts.map((start) => {
    const [from, to] = [Math.max(0, start - bandReach), Math.min(rows, start + bandRows + bandReach)];
    const band = tokenizer.decode(place, add(slice(tokens, [{ axis: 1, start: from, end: to }]), wait));
    wait = reshape(cast(mul(slice(band, first(band)), 0), tokens.dtype), [1, 1, 1]);
    const used = [start - from, Math.min(rows, start + bandRows) - from].map((row) => row * tokenizer.stride);
    return slice(band, [{ axis: 2, start: used[0], end: used[1] }]);
  });
  return concat(bands, { axis: 2 });
}
