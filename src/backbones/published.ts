/** Files of pretrained encoders: which encoder they are of, and their weights under our names, and the way back. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { floats } from "../weights/floats.ts";
import type { WeightFile } from "../weights/read-weights.ts";
import type { Encoder, Norms, PublishedNames } from "./encoder.ts";
import { encoders } from "./encoders.ts";

export interface PublishedEncoder {
  /** Encoders that have weights of these names and shapes; the most usual first. */
  readonly encoders: readonly string[];
  readonly norms: Norms;
  /** Whose names the file has. */
  readonly library: string;
  /** All that the encoder has, under our names. */
  readonly weights: Named<NdArray>;
}

/** Prefixes that whole models put before their encoder's names. */
const wrapper = /^(module|model|backbone|encoder)\./;

/**
 * Which encoder a file has weights of. Throws InputError where it is none of ours, or lacks some, or has others: with the
 * first name that does not fit the likeliest one.
 */
export function publishedEncoder({ tensors, where }: WeightFile): PublishedEncoder {
  const fits = parts(tensors).flatMap((given) =>
    Object.entries(encoders).flatMap(([name, encoder]) =>
      encoder.published.map((published) => ({ name, ...compared(encoder, published, given) })),
    ),
  );
  const whole = fits.filter(({ fault }) => fault === null);
  if (whole.length === 0) {
    const likeliest = fits.reduce((best, each) => (each.right > best.right ? each : best));
    if (likeliest.right === 0) {
      throw new InputError(
        `${where}: expected weights of ${Object.keys(encoders).join(", ")}, got names such as ${Object.keys(tensors)[0] ?? "none"}. Another network needs code of its own, or its ONNX file.`,
      );
    }
    throw new InputError(
      `${where}: expected the weights of ${likeliest.name} (${likeliest.published.library}), ${likeliest.fault}. The file is of another network, or damaged.`,
    );
  }
  const [{ published, renamed }] = whole;
  const weights = Object.fromEntries(
    Object.entries(renamed).map(([name, array]) => [name, floats(array, published.names.theirs(name) ?? name, where)]),
  );
  return {
    encoders: [
      ...new Set(whole.filter((each) => each.published.library === published.library).map(({ name }) => name)),
    ],
    norms: published.norms ?? "batch",
    library: published.library,
    weights,
  };
}

/** Weights of an encoder under the names of `library` (default: the first that the encoder knows). */
export function publishedNames(name: string, weights: Named<NdArray>, library?: string): Record<string, NdArray> {
  const { published } = encoders[name];
  const chosen = published.find((each) => library === undefined || each.library === library);
  if (chosen === undefined) {
    throw new InputError(
      `${name}: expected names of ${published.map((each) => each.library).join(" or ")}, got "${library}". Choose one of them.`,
    );
  }
  return Object.fromEntries(
    Object.entries(weights).map(([own, array]) => {
      const theirs = chosen.names.theirs(own);
      if (theirs === undefined) throw new Error(`${name}: ${own} has no name in ${chosen.library}`);
      return [theirs, array];
    }),
  );
}

interface Fit {
  readonly published: PublishedNames;
  readonly renamed: Named<NdArray>;
  /** Weights that are as they should be. */
  readonly right: number;
  /** The first thing that is not, as `got …`; null where nothing is wrong. */
  readonly fault: string | null;
}

function compared(encoder: Encoder, published: PublishedNames, tensors: Named<NdArray>): Fit {
  const declared = declaredBy(encoder, published.norms ?? "batch");
  const renamed: Record<string, NdArray> = {};
  let fault: string | null = null;
  for (const [theirs, array] of Object.entries(tensors)) {
    if (published.beside.test(theirs) || theirs.endsWith(".num_batches_tracked")) continue;
    const own = published.names.ours(theirs);
    if (own === undefined || !declared.has(own)) fault ??= `got ${theirs} beside them`;
    else renamed[own] = array;
  }
  let right = 0;
  for (const [name, shape] of declared) {
    const found = renamed[name]?.shape;
    if (found !== undefined && sameShape(found, shape)) right++;
    else if (found === undefined) fault = `got none called ${published.names.theirs(name)}`;
    else fault ??= `got ${published.names.theirs(name)} of ${show(found)} where ${show(shape)} is right`;
  }
  return { published, renamed, right, fault };
}

/** Names and shapes of all that an encoder has, in order. */
export function declaredBy(encoder: Encoder, norms: Norms): ReadonlyMap<string, readonly number[]> {
  const model = new Model();
  const side = encoder.multiple * Math.ceil(64 / encoder.multiple);
  encoder.features(model.scope, input("image", [1, 3, side, side]), { norms });
  return new Map([...model.parameters.values()].map(({ name, tensor }) => [name, tensor.shape]));
}

/** The tensors as they are, and those below each prefix that whole models put before their encoder's names. */
function parts(tensors: Named<NdArray>): Named<NdArray>[] {
  const inner = new Map<string, Record<string, NdArray>>();
  for (const [name, array] of Object.entries(tensors)) {
    const [prefix] = wrapper.exec(name) ?? [];
    if (prefix === undefined) continue;
    const below = inner.get(prefix) ?? {};
    below[name.slice(prefix.length)] = array;
    inner.set(prefix, below);
  }
  return [tensors, ...[...inner.values()].flatMap(parts)];
}
