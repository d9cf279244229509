/** The tokenizers that recipes describe. */
import type { DvaeSettings } from "./dvae.ts";
import { dvaeTokenizer, type MaskTokenizer } from "./tokenizer.ts";
import { type VqSettings, vqTokenizer } from "./vq.ts";

/** What a recipe says of its tokenizer. */
export interface TokenizerSettings {
  /** `dvae`: DALL-E's discrete VAE. `vq`: the same convolutions around a codebook, of which each place takes the nearest vector. */
  readonly tokenizer: "dvae" | "vq";
  /** What it sees: a maskige in colours, or one channel a class, which does without a palette. */
  readonly tokenizerChannels: "colors" | "classes";
  /** See `DvaeSettings`. */
  readonly codes: number;
  readonly tokenizerWidth: number;
  readonly tokenizerEntryWidth: number;
  readonly tokenizerBlocks: number;
  readonly tokenizerGroups: number;
  /** How it begins where it is trained here: see `DvaeSettings.start`. */
  readonly tokenizerStart: "published" | "spread";
  /** Of a VQ's vectors. */
  readonly codeWidth: number;
}

/** The tokenizer that a recipe describes; classes: their number. */
export function tokenizerOf(settings: TokenizerSettings, classes: number): MaskTokenizer {
  const dvae = dvaeSettings(settings, classes);
  return settings.tokenizer === "dvae" ? dvaeTokenizer(dvae) : vqTokenizer(vqSettings(settings, classes));
}

export function dvaeSettings(settings: TokenizerSettings, classes: number): DvaeSettings {
  return {
    channels: settings.tokenizerChannels === "colors" ? 3 : classes,
    codes: settings.codes,
    width: settings.tokenizerWidth,
    entryWidth: settings.tokenizerEntryWidth,
    blocksPerGroup: settings.tokenizerBlocks,
    groups: settings.tokenizerGroups,
    start: settings.tokenizerStart,
  };
}

export function vqSettings(settings: TokenizerSettings, classes: number): VqSettings {
  return {
    ...dvaeSettings(settings, classes),
    codeWidth: settings.codeWidth,
    output: settings.tokenizerChannels === "colors" ? "sigmoid" : "softmax",
  };
}
