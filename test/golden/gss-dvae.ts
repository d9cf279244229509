/** The golden dVAE as our settings and weights. */
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { type DvaeSettings, dvaeNames } from "../../src/methods/gss/dvae.ts";
import type { GssCase } from "./gss.ts";

export function settingsOf({ config }: Pick<GssCase, "config">): DvaeSettings {
  const number = (name: string) => config[name] as number;
  return {
    channels: number("input_channels"),
    codes: number("vocab_size"),
    width: number("n_hid"),
    entryWidth: number("n_init"),
    blocksPerGroup: number("n_blk_per_group"),
    groups: number("group_count"),
  };
}

/** Weights of a half under our names. */
export function weightsOf(golden: Pick<GssCase, "under">, half: "encoder" | "decoder"): Named<NdArray> {
  return Object.fromEntries(
    Object.entries(golden.under(`w.${half}.`)).map(([name, array]) => {
      const ours = dvaeNames.ours(name);
      if (ours === undefined) throw new Error(`golden: we have no ${name}.`);
      return [`${half}.${ours}`, array];
    }),
  );
}
