/** What turns maskiges into tokens and back, whatever it is: the discrete VAE, or a VQ. */
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { add, argMax, axisSize, concat, slice } from "../../ops/index.ts";
import { zeroFrom } from "../../ops/waiting.ts";
import { type DvaeSettings, dvaeEncoder, dvaeStride, mapPixels } from "./dvae.ts";
import {
  dvaeDecoder,
  dvaeDecoderEnd,
  dvaeDecoderStart,
  dvaeEndReach,
  dvaeEntry,
  dvaeRelaxedEntry,
  pictureOf,
} from "./dvae-decoder.ts";

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
  /** `decode` in two halves, of which the second may be given some rows at a time. */
  readonly halves: DecoderHalves;
  /** The same of shares of codes, one-hot or relaxed, which gradients pass. shares: [B, codes, h, w]. */
  decodeShares(scope: Scope, shares: Tensor): Tensor;
}

export interface DecoderHalves {
  /** tokens: [B, h, w] integers → [B, C, n · h, n · w]. */
  start(scope: Scope, tokens: Tensor): Tensor;
  /** map: of `start`, or some of its rows → the maskige's of these, [B, channels, …, stride · w] in [0, 1]. */
  end(scope: Scope, map: Tensor): Tensor;
  /** Rows of `start` on each side that the maskige of one row depends on. */
  readonly reach: number;
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
    halves: {
      start(scope, tokens) {
        const place = scope.at("decoder");
        return dvaeDecoderStart(place, dvaeEntry(place, tokens, settings), settings);
      },
      end: (scope, map) => pictureOf(dvaeDecoderEnd(scope.at("decoder"), map, settings)),
      reach: dvaeEndReach(settings),
    },
    decodeShares(scope, shares) {
      const place = scope.at("decoder");
      return picture(place, dvaeRelaxedEntry(place, shares, settings));
    },
  };
}

/** Tokens whose maskige is made at once, those beside a band included. */
const mostTokens = 4096;

/**
 * `decode` for prediction: of many tokens, the large maps are made a band of rows at a time, so that what a decoder holds stays small.
 * tokens: [B, h, w] → the same maskige as in one piece: bands overlap by what the second half sees.
 */
export function decodedInBands(
  tokenizer: MaskTokenizer,
  scope: Scope,
  tokens: Tensor,
  most: number = mostTokens,
): Tensor {
  const [, tokenRows, columns] = tokens.shape;
  if (tokenRows * columns <= most) return tokenizer.decode(scope, tokens);
  const { start, end, reach } = tokenizer.halves;
  const place = scope.shared();
  const map = start(place, tokens);
  const rows = axisSize(map, 2);
  const perToken = rows / tokenRows;
  const bandRows = Math.max(reach, Math.floor((most * perToken) / columns) - 2 * reach);
  const starts = Array.from({ length: Math.ceil(rows / bandRows) }, (_, i) => i * bandRows);
  const scale = tokenizer.stride / perToken;
  // ONNX Runtime takes nodes in an order of its own and would begin all bands at once: each waits for a number of the one before.
  let wait: Tensor | null = null;
  const bands = starts.map((first) => {
    const [from, to] = [Math.max(0, first - reach), Math.min(rows, first + bandRows + reach)];
    const part = slice(map, [{ axis: 2, start: from, end: to }]);
    const band = end(place, wait === null ? part : add(part, wait));
    wait = zeroFrom([band]);
    const used = [first - from, Math.min(rows, first + bandRows) - from].map((row) => row * scale);
    return slice(band, [{ axis: 2, start: used[0], end: used[1] }]);
  });
  return concat(bands, { axis: 2 });
}
