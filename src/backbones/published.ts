/** Files of pretrained encoders: which encoder they are of, and their weights under our names, and the way back. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { type Shape, sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { floats } from "../weights/floats.ts";
import { type Joined, join, separate, wholeOf } from "../weights/joined.ts";
import type { WeightFile } from "../weights/read-weights.ts";
import type { Encoder, Norms, PublishedNames } from "./encoder.ts";
import { encoders, findEncoder } from "./encoders.ts";

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
const wrapper = /^(module|model|base|backbone|encoder|mobilenet_v2|vit|deit|dinov2|dinov2_with_registers)\./;

/**
 * Which encoder a file has weights of. Throws InputError where it is none of ours, or lacks some, or has others: with the
 * first name that does not fit the likeliest one.
 */
export function publishedEncoder({ tensors, where }: WeightFile): PublishedEncoder {
  const fits = fitsOf(tensors);
  const whole = fits.filter(({ fault }) => fault === null);
  if (whole.length === 0) {
    const likeliest = likeliestOf(fits);
    if (likeliest.named === 0) {
      throw new InputError(
        `${where}: expected weights of ${Object.keys(encoders).join(", ")}, got names such as ${Object.keys(tensors)[0] ?? "none"}. Another network needs code of its own, or its ONNX file.`,
      );
    }
    throw new InputError(
      `${where}: expected the weights of ${likeliest.name} (${likeliest.published.library}), got ${likeliest.fault}. The file is of another network, or damaged.`,
    );
  }
  const [{ name, published, renamed }] = whole;
  const { names, layout } = published;
  const found = Object.fromEntries(
    Object.entries(renamed).map(([name, array]) => {
      const given = floats(withOwnBuffer(array), names.theirs(name) ?? name, where);
      return [name, layout === undefined ? given : layout.ours(name, given)];
    }),
  );
  const weights = { ...untrained(encoders[name], published), ...found };
  return {
    encoders: [
      ...new Set(whole.filter((each) => each.published.library === published.library).map(({ name }) => name)),
    ],
    norms: published.norms ?? "batch",
    library: published.library,
    weights,
  };
}

/** An encoder, and the library, after which at least half of a file's tensors are called, whatever their shapes; null: none. */
export function encoderNamedBy(tensors: Named<NdArray>): { readonly name: string; readonly library: string } | null {
  const { named, name, published } = likeliestOf(fitsOf(tensors));
  return named > 0 && 2 * named >= Object.keys(tensors).length ? { name, library: published.library } : null;
}

/** How the tensors, or those below a prefix, fit each encoder under the names of each library. */
function fitsOf(tensors: Named<NdArray>): (Fit & { readonly name: string })[] {
  const given = parts(tensors);
  return Object.entries(encoders).flatMap(([name, encoder]) =>
    encoder.published.flatMap((published) => {
      const declared = declaredBy(encoder, published.norms ?? "batch");
      return given.map((part) => ({ name, ...compared(declared, published, part) }));
    }),
  );
}

/** Shapes tell sizes of a network apart, and names alone its kind. */
function likeliestOf<F extends Fit>(fits: readonly F[]): F {
  return fits.reduce((best, each) =>
    each.right > best.right || (each.right === best.right && each.named > best.named) ? each : best,
  );
}

/** A part of a joined weight, apart from the others, so that none keeps the memory of all. */
function withOwnBuffer(array: NdArray): NdArray {
  const { data } = array;
  return data.byteLength === data.buffer.byteLength ? array : { ...array, data: data.slice() };
}

/**
 * Weights of an encoder under the names of `library` (default: the first that the encoder knows). Throws InputError where the
 * library does not have it, or not with norms that are folded.
 */
export function publishedNames(name: string, weights: Named<NdArray>, library?: string): Record<string, NdArray> {
  const known = findEncoder(name).published;
  const folded =
    known.some(({ norms }) => norms === "folded") && !Object.keys(weights).some((each) => /norm\d*\./.test(each));
  const published = known.filter(({ norms }) => (norms === "folded") === folded);
  const chosen = published.find((each) => library === undefined || each.library === library);
  if (chosen === undefined) {
    throw new InputError(
      `${name}: expected names of ${published.map((each) => each.library).join(" or ")}${folded ? ", as its norms are folded" : ""}, got "${library}". Choose one of them.`,
    );
  }
  const renamed = Object.fromEntries(
    Object.entries(weights).map(([own, array]) => {
      const theirs = chosen.names.theirs(own);
      if (theirs === undefined) throw new Error(`${name}: ${own} has no name in ${chosen.library}`);
      return [theirs, chosen.layout === undefined ? array : chosen.layout.theirs(own, array)];
    }),
  );
  return join(renamed, chosen.joined ?? {});
}

interface Fit {
  readonly published: PublishedNames;
  readonly renamed: Named<NdArray>;
  /** How many weights are as they should be, and how many have a name that is known at least. */
  readonly right: number;
  readonly named: number;
  /** The first thing that is not right, as got; null where nothing is wrong. */
  readonly fault: string | null;
}

function compared(declared: ReadonlyMap<string, Shape>, published: PublishedNames, tensors: Named<NdArray>): Fit {
  const { names, beside, joined = {} } = published;
  const renamed: Record<string, NdArray> = {};
  let unknown: string | undefined;
  for (const [theirs, array] of Object.entries(separate(tensors, joined))) {
    if (beside.test(theirs) || theirs.endsWith(".num_batches_tracked")) continue;
    const own = names.ours(theirs);
    if (own === undefined || !declared.has(own)) unknown ??= theirs;
    else renamed[own] = array;
  }
  let [right, missing, misshapen]: [number, string?, string?] = [0];
  for (const [own, shape] of declared) {
    const found = renamed[own]?.shape;
    if (found === undefined) {
      if (!published.absent?.test(own)) missing ??= own;
    } else if (sameShape(found, shape)) right++;
    else misshapen ??= own;
  }
  const theirs = (own: string) => inTheirFile(names.theirs(own) ?? own, joined);
  const fault = () => {
    if (missing !== undefined) return `none called ${theirs(missing).name}`;
    if (misshapen !== undefined) {
      const { name, shape } = theirs(misshapen);
      return `${name} of ${show(shape(renamed[misshapen].shape))} where ${show(shape(declared.get(misshapen)!))} is right`;
    }
    return unknown === undefined ? null : `${unknown} beside them`;
  };
  return { published, renamed, right, named: Object.keys(renamed).length, fault: fault() };
}

/** Name and shape that a weight, which may be a part there, has in a file of theirs. */
function inTheirFile(name: string, joined: Joined): { readonly name: string; readonly shape: (own: Shape) => Shape } {
  const found = wholeOf(name, joined);
  if (found === null) return { name, shape: (own) => own };
  return { name: found.whole, shape: ([rows, ...rest]) => [rows * found.parts.length, ...rest] };
}

const declaredShapes = new WeakMap<Encoder, Map<Norms, ReadonlyMap<string, Shape>>>();

/** Names and shapes of all that an encoder has, in order. */
export function declaredBy(encoder: Encoder, norms: Norms): ReadonlyMap<string, Shape> {
  const before = declaredShapes.get(encoder)?.get(norms);
  if (before !== undefined) return before;
  const declared = new Map([...declarations(encoder, norms).values()].map(({ name, tensor }) => [name, tensor.shape]));
  declaredShapes.set(encoder, (declaredShapes.get(encoder) ?? new Map()).set(norms, declared));
  return declared;
}

/** What files may lack, as an encoder without weights starts. */
function untrained(encoder: Encoder, { absent, norms }: PublishedNames): Record<string, NdArray> {
  if (absent === undefined) return {};
  const declared = [...declarations(encoder, norms ?? "batch").values()].filter(({ name }) => absent.test(name));
  return Object.fromEntries(
    declared.map(({ name, tensor, initializer }) => [name, initializer(tensor.shape, new Random(name))]),
  );
}

function declarations(encoder: Encoder, norms: Norms): Model["parameters"] {
  const model = new Model();
  const side = encoder.multiple * Math.ceil(64 / encoder.multiple);
  encoder.features(model.scope, input("image", [1, 3, side, side]), { norms });
  return model.parameters;
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
