import { show, sizeOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { requireRank } from "./require.ts";
import { reshape, transpose } from "./shape.ts";

/** One axis of a pattern: the names that make it up, none for a singleton `1`. */
type Axis = readonly string[];

/**
 * Splits, reorders and merges axes by name, in the manner of einops (Rogozhnikov 2022):
 * `rearrange(x, "B T (heads d) -> B heads T d", { heads: 8 })`. Parentheses hold the factors of one axis, outermost
 * first; `1` is an axis of size 1, which may come and go. In each pair of parentheses one size may be left out.
 *
 * x: any type, as the left side says; sizes: of names on the left → y: as the right side says.
 * At most `Reshape`, `Transpose`, `Reshape`.
 */
export function rearrange(x: Tensor, pattern: string, sizes: Readonly<Record<string, number>> = {}): Tensor {
  const fail = (message: string) => new InputError(`rearrange "${pattern}": ${message}`);
  const sides = pattern.split("->");
  if (sides.length !== 2) throw fail('expected one "->", got none or several. Write "B (h d) -> B h d".');
  const [left, right] = sides.map((side) => parse(side, fail));
  const before = left.flat();
  const after = right.flat();
  checkNames(before, after, sizes, fail);
  if (left.length !== x.shape.length) {
    throw fail(`expected x with ${left.length} axes, got shape ${show(x.shape)}. Name each axis on the left.`);
  }
  const known = new Map<string, number>();
  left.forEach((axis, i) => {
    resolve(axis, x.shape[i], sizes, known, fail);
  });
  const target = right.map((axis) => sizeOf(axis.map((name) => known.get(name)!)));
  if (before.every((name, i) => name === after[i])) return reshape(x, target);
  const factors = reshape(
    x,
    before.map((name) => known.get(name)!),
  );
  const ordered = transpose(
    factors,
    after.map((name) => before.indexOf(name)),
  );
  return reshape(ordered, target);
}

type Fail = (message: string) => InputError;

/** `"B (h d) 1"` → [["B"], ["h", "d"], []]. */
function parse(side: string, fail: Fail): Axis[] {
  const axes: Axis[] = [];
  let group: string[] | null = null;
  for (const word of side.match(/[()]|[^\s()]+/g) ?? []) {
    if (word === "(") {
      if (group !== null) throw fail('expected no "(" inside parentheses, got one. Flatten the group.');
      group = [];
    } else if (word === ")") {
      if (group === null) throw fail('expected "(" before ")", got none. Balance the parentheses.');
      axes.push(group);
      group = null;
    } else {
      if (word !== "1" && !/^[A-Za-z]\w*$/.test(word)) {
        throw fail(`expected names, 1 and parentheses, got "${word}". Give the axis a name.`);
      }
      const names = word === "1" ? [] : [word];
      if (group !== null) group.push(...names);
      else axes.push(names);
    }
  }
  if (group !== null) throw fail('expected ")" at the end, got none. Balance the parentheses.');
  return axes;
}

function checkNames(
  before: readonly string[],
  after: readonly string[],
  sizes: Readonly<Record<string, number>>,
  fail: Fail,
) {
  for (const [names, others, side] of [
    [before, after, "right"],
    [after, before, "left"],
  ] as const) {
    for (const name of names) {
      if (!others.includes(name))
        throw fail(`expected "${name}" on both sides, got none on the ${side}. Add it there.`);
      if (names.indexOf(name) !== names.lastIndexOf(name)) {
        throw fail(`expected "${name}" once on each side, got it twice. Use another name.`);
      }
    }
  }
  for (const [name, size] of Object.entries(sizes)) {
    if (!before.includes(name)) throw fail(`expected sizes of names in the pattern, got "${name}". Remove it.`);
    if (!Number.isInteger(size) || size < 1)
      throw fail(`expected ${name} to be a positive whole number, got ${size}. Check it.`);
  }
}

/** Finds the sizes of an axis's factors: those given, and at most one by division. */
function resolve(
  axis: Axis,
  size: number,
  sizes: Readonly<Record<string, number>>,
  known: Map<string, number>,
  fail: Fail,
): void {
  const missing = axis.filter((name) => sizes[name] === undefined);
  const given = sizeOf(axis.filter((name) => sizes[name] !== undefined).map((name) => sizes[name]));
  const written = axis.length === 0 ? "1" : axis.join(" ");
  if (missing.length > 1)
    throw fail(`expected at most one unknown size in (${written}), got ${missing.join(" and ")}. Give one.`);
  if (missing.length === 0 ? given !== size : size % given !== 0) {
    throw fail(
      `expected an axis of ${missing.length === 0 ? "" : "a multiple of "}${given} for (${written}), got ${size}. Check the sizes.`,
    );
  }
  for (const name of axis) known.set(name, sizes[name] ?? size / given);
}

/**
 * A feature map cut into square windows that do not overlap (Liu et al. 2021, Swin Transformer, section 3.2).
 *
 * x: [B, H, W, C], H and W multiples of `window` → y: [B · H/window · W/window, window, window, C], windows of one
 * image together, row by row.
 */
export function windowPartition(x: Tensor, window: number): Tensor {
  requireRank("windowPartition", "x", x, 4);
  return rearrange(x, "B (rows h) (columns w) C -> (B rows columns) h w C", { h: window, w: window });
}

/**
 * Windows put together again: undoes `windowPartition`.
 *
 * x: [B · H/window · W/window, window, window, C] → y: [B, H, W, C].
 */
export function windowMerge(x: Tensor, window: number, H: number, W: number): Tensor {
  requireRank("windowMerge", "x", x, 4);
  const batch = sizeOf(x.shape.slice(0, 3)) / (H * W);
  if (!Number.isInteger(batch) || H % window !== 0 || W % window !== 0) {
    throw new InputError(
      `windowMerge: x must hold whole images of ${H} x ${W} in windows of ${window}, got shape [${x.shape}]. Check H, W and window.`,
    );
  }
  const sizes = { B: batch, rows: H / window, columns: W / window };
  return rearrange(x, "(B rows columns) h w C -> B (rows h) (columns w) C", sizes);
}
