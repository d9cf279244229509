/** What the authors' checkpoints say of a network: sizes by the shapes of its weights, the rest in the text of its settings. */
import type { Named } from "../../array/ndarray.ts";
import type { Shape } from "../../array/shape.ts";
import type { Color } from "../../image/image.ts";
import type { DvaeSettings } from "./dvae.ts";
import type { GssRecipe } from "./recipe.ts";

const head = "decode_head.";

/** How many there are: the largest number behind `prefix`, and one. */
function countIn(shapes: Named<Shape>, prefix: string): number {
  const numbers = Object.keys(shapes).flatMap((name) =>
    name.startsWith(prefix) ? [Number.parseInt(name.slice(prefix.length), 10)] : [],
  );
  return Math.max(-1, ...numbers) + 1;
}

/** Side of the windows that a table of relative biases is for: it has (2M − 1)² rows. */
const windowOf = ([rows]: Shape): number => (Math.sqrt(rows) + 1) / 2;

const tableOf = (prefix: string) => `${prefix}.blocks.0.attn.w_msa.relative_position_bias_table`;

/** Fields of a recipe by the shapes of a whole model's weights, under their names. What is not there is left out. */
export function fieldsIn(shapes: Named<Shape>): Partial<GssRecipe> {
  const size = (name: string, axis = 0): number => shapes[head + name]?.[axis];
  const blocks = `${head}transformer_block`;
  const table = shapes[tableOf(blocks)];
  const inverse = `${head}post_transformer_block`;
  const inverseTable = shapes[tableOf(inverse)];
  const known = Object.keys(shapes);
  return {
    ...(size("convs.0.conv.weight") !== undefined && {
      levelWidth: size("convs.0.conv.weight"),
      fusionWidth: size("fusion_conv.conv.weight"),
      classifierWidth: size("conv_before_seg.conv.weight"),
      codes: size("conv_seg.weight"),
      aggregates: table !== undefined,
      pixelHead: known.some((name) => name.startsWith(`${head}convs_pixel.`))
        ? "separate"
        : shapes[`${head}conv_seg_pixel.weight`] === undefined
          ? "none"
          : "single",
    }),
    ...(table !== undefined && {
      aggregationDepth: countIn(shapes, `${blocks}.blocks.`),
      aggregationHeads: table[1],
      aggregationWindow: windowOf(table),
    }),
    ...(inverseTable !== undefined && {
      variant: "FT-W",
      inverseWidth: size("projection.conv.weight"),
      inverseDepth: countIn(shapes, `${inverse}.blocks.`),
      inverseHeads: inverseTable[1],
      inverseWindow: windowOf(inverseTable),
    }),
    ...dvaeFields(below(shapes, `${head}d_vae.`)),
  };
}

/** Entries whose names begin with `prefix`, without it. */
export function below<T>(values: Named<T>, prefix: string): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}

/** Of the recipe, by the shapes of `encoder.blocks…` and `decoder.blocks…`, either or both. */
export function dvaeFields(shapes: Named<Shape>): Partial<GssRecipe> {
  const found = { ...dvaeSizes(shapes, "decoder"), ...dvaeSizes(shapes, "encoder") };
  return {
    ...(found.codes !== undefined && { codes: found.codes }),
    ...(found.width !== undefined && { tokenizerWidth: found.width }),
    ...(found.entryWidth !== undefined && { tokenizerEntryWidth: found.entryWidth }),
    ...(found.blocksPerGroup !== undefined && { tokenizerBlocks: found.blocksPerGroup }),
    ...(found.groups !== undefined && { tokenizerGroups: found.groups }),
  };
}

function dvaeSizes(shapes: Named<Shape>, half: "encoder" | "decoder"): Partial<DvaeSettings> {
  const [first, last] = [shapes[`${half}.blocks.input.w`], shapes[`${half}.blocks.output.conv.w`]];
  if (first === undefined || last === undefined) return {};
  const groups = Object.keys(shapes).flatMap((name) => /\.group_(\d+)\.block_(\d+)\./.exec(name) ?? []);
  const most = (index: number) => Math.max(...groups.filter((_, i) => i % 3 === index).map(Number));
  const counts = { groups: most(1), blocksPerGroup: most(2) };
  return half === "encoder"
    ? { ...counts, width: first[0], codes: last[0] }
    : { ...counts, width: last[1], entryWidth: first[0], codes: first[1] };
}

/**
 * The colours of a maskige in the text of an mmcv configuration, `palette=[[r, g, b], …]` in any layout; null where it has none. Theirs of
 * drawing is called PALETTE and is another.
 */
export function paletteIn(text: string): readonly Color[] | null {
  const found = /(?<![\w.])palette\s*=\s*(?=[[(])/.exec(text);
  if (found === null) return null;
  const rows: Color[] = [];
  let [depth, numbers] = [0, [] as number[]];
  for (const [word] of text.slice(found.index + found[0].length).matchAll(/[[\](),]|\d+|\s+|[^\s]/g)) {
    if (/^[[(]$/.test(word)) {
      depth++;
      numbers = [];
    } else if (/^[\])]$/.test(word)) {
      if (numbers.length === 3) rows.push([numbers[0], numbers[1], numbers[2]]);
      numbers = [];
      if (--depth === 0) break;
    } else if (/^\d+$/.test(word)) numbers.push(Number(word));
    else if (!/^[\s,]+$/.test(word)) return null;
  }
  return rows.length > 0 && rows.every((row) => row.every((value) => value <= 255)) ? rows : null;
}

/** Fields that only the text tells: which level is the grid. */
export function fieldsInText(text: string): Partial<GssRecipe> {
  const level = /(?<!\w)indice_channel_index\s*=\s*(\d)/.exec(text)?.[1];
  return level === undefined ? {} : { tokenGrid: level === "0" ? 8 : 4 };
}
