/** The discrete VAE's decoder, whole or in two halves: codes become a picture (Ramesh et al. 2021). */
import { normalInitializer, zerosInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import {
  add,
  axisSize,
  cast,
  conv,
  expand,
  gather,
  relu,
  reshape,
  sigmoid,
  slice,
  transpose,
} from "../../ops/index.ts";
import { type DvaeParts, type DvaeSettings, group, layer, unmapPixels } from "./dvae.ts";

/**
 * The decoder's first layer on codes: a row of its weight each, since all inputs but one are 0. tokens: [B, h, w] integers in
 * [0, codes) → [B, entryWidth, h, w].
 */
export function dvaeEntry(scope: Scope, tokens: Tensor, settings: DvaeSettings): Tensor {
  const { weight, bias } = entryWeights(scope, settings);
  const rows = gather(transpose(matrixOf(weight), [1, 0]), codeIndex(tokens), { axis: 0 }); // [B, h, w, entryWidth]
  return transpose(add(rows, bias), [0, 3, 1, 2]);
}

/** The same on shares of codes, which gradients pass. shares: [B, codes, h, w] → [B, entryWidth, h, w]. */
export function dvaeRelaxedEntry(scope: Scope, shares: Tensor, settings: DvaeSettings): Tensor {
  const { weight, bias } = entryWeights(scope, settings);
  return conv(shares, weight, { bias });
}

/** What follows. entry: of one of the two above → parts; output: [B, 2 · channels, stride · h, stride · w], places before log-scales. */
export function dvaeDecoder(scope: Scope, entry: Tensor, settings: DvaeSettings): DvaeParts {
  const { groups } = settings;
  const maps = decoderGroups(scope, entry, settings, 0, groups);
  const output = decoderOutput(scope, maps[groups - 1], settings);
  return { input: entry, groups: maps.map((map, i) => (i < groups - 1 ? doubled(map) : map)), output };
}

/** The decoder in two halves: its groups but the last two, whose maps are small. entry → what `dvaeDecoderEnd` goes on with. */
export function dvaeDecoderStart(scope: Scope, entry: Tensor, settings: DvaeSettings): Tensor {
  return decoderGroups(scope, entry, settings, 0, endOf(settings)).at(-1) ?? entry;
}

/** The last two groups, whose maps are large. start: of `dvaeDecoderStart`, or some of its rows → the decoder's output for them. */
export function dvaeDecoderEnd(scope: Scope, start: Tensor, settings: DvaeSettings): Tensor {
  const { groups } = settings;
  return decoderOutput(scope, decoderGroups(scope, start, settings, endOf(settings), groups).at(-1)!, settings);
}

/** Rows of what `dvaeDecoderEnd` is given that one row's output depends on, on each side: three kernels of 3 in each block. */
export function dvaeEndReach({ groups, blocksPerGroup }: Pick<DvaeSettings, "groups" | "blocksPerGroup">): number {
  const first = endOf({ groups });
  const given = 2 ** Math.max(0, first - 1);
  let rows = 0;
  for (let i = first; i < groups; i++) rows += (3 * blocksPerGroup * given) / 2 ** i;
  return Math.ceil(rows);
}

/** The first group of the second half. */
const endOf = ({ groups }: Pick<DvaeSettings, "groups">) => Math.max(0, groups - 2);

/** Maps of groups `from` … `to` − 1, each of which but the first of all doubles what it is given. */
function decoderGroups(scope: Scope, given: Tensor, settings: DvaeSettings, from: number, to: number): Tensor[] {
  const { width, groups } = settings;
  const maps: Tensor[] = [];
  for (let i = from; i < to; i++) {
    const channels = width * 2 ** (groups - 1 - i);
    const place = scope.at(`group${i + 1}`);
    maps.push(group(place, maps.at(-1) ?? given, channels, settings, [1, 3, 3, 3], i > 0 ? doubled : undefined));
  }
  return maps;
}

function decoderOutput(scope: Scope, x: Tensor, { channels }: DvaeSettings): Tensor {
  return layer(scope.at("output"), relu(x), 2 * channels, 1);
}

/** The picture that is most likely by a decoder's output: [B, 2 · channels, H, W] → [B, channels, H, W] in [0, 1]. */
export function pictureOf(output: Tensor): Tensor {
  return unmapPixels(sigmoid(placesOf(output)));
}

/** A decoder's output without its log-scales: [B, 2 · channels, H, W] → [B, channels, H, W]. */
export function placesOf(output: Tensor): Tensor {
  return slice(output, [{ axis: 1, start: 0, end: axisSize(output, 1) / 2 }]);
}

/** Tokens as what `gather` takes. tokens: [B, h, w] integers of any type. */
export function codeIndex(tokens: Tensor): Tensor {
  return tokens.dtype === "int64" ? tokens : cast(tokens, "int32");
}

function entryWeights(
  scope: Scope,
  { codes, entryWidth, start }: DvaeSettings,
): { readonly weight: Tensor; readonly bias: Tensor } {
  const place = scope.at("input");
  // Of all inputs one is 1, and the others are 0.
  const deviation = start === "spread" ? 1 : Math.sqrt(1 / codes);
  return {
    weight: place.parameter("weight", [entryWidth, codes, 1, 1], normalInitializer(deviation)),
    bias: place.parameter("bias", [entryWidth], zerosInitializer),
  };
}

/** Every pixel as a square of four. [B, C, H, W] → [B, C, 2 · H, 2 · W]. */
function doubled(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape;
  const apart = reshape(x, [batch, channels, height, 1, width, 1]);
  return reshape(expand(apart, [batch, channels, height, 2, width, 2]), [batch, channels, 2 * height, 2 * width]);
}

/** [O, I, 1, 1] → [O, I]. */
function matrixOf(weight: Tensor): Tensor {
  return reshape(weight, weight.shape.slice(0, 2));
}
