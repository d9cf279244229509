import type { Named } from "../../src/array/ndarray.ts";
import { ourName, publishedName } from "../../src/networks/transunet/weights.ts";

/** Where in the network names lie below, in both schemes. */
export interface Place {
  /** Such as `encoder.layer1.`. */
  readonly ours: string;
  /** Such as `transformer.encoder.layer.0.`. */
  readonly published: string;
}

const whole: Place = { ours: "", published: "" };

/** Values of weights of a TransUNet by the names of its published code. Throws where it has no such weight. */
export function underPublishedNames<T>(values: Named<T>, { ours, published }: Place = whole): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const found = publishedName(ours + name);
      if (found === undefined) throw new Error(`${ours}${name} has no published name`);
      return [found.slice(published.length), value];
    }),
  );
}

/** The way back; what is no weight keeps its name. */
export function underOurNames<T>(values: Named<T>, { ours, published }: Place = whole): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [ourName(published + name)?.slice(ours.length) ?? name, value]),
  );
}
