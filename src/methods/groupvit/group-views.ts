/** What the groups of a photograph are: a picture for each grouping stage (Xu et al. 2022, figures 1, 5 and 6). */
import { type Named, type NdArray, ndarray, toNumbers } from "../../array/ndarray.ts";
import type { ClassInfo } from "../../data/sample.ts";
import { halvedTo } from "../../data/views.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Color, Image } from "../../image/image.ts";
import { distinctColors } from "../../image/palette.ts";
import { pillowResize } from "../../image/pillow-resize.ts";
import { resizeImage, resizeLabels } from "../../image/resize.ts";
import { imageInput } from "../../nn/image-input.ts";
import { argMax, cast, sum } from "../../ops/index.ts";
import type { IndexedImage } from "../../platform/platform.ts";
import type { Task } from "../method.ts";
import type { Trial, TrialPicture } from "../stage.ts";
import { pixelsOfLargest } from "./largest-groups.ts";
import { encodeImages, logitScale } from "./network.ts";
import { namedVectors } from "./prediction.ts";
import type { GroupViTRecipe } from "./recipe.ts";
import { assignmentsBy, groupClassScores, groupMaps, groupOfPixels } from "./segmentation.ts";
import { normalizations, scalings } from "./window-scores.ts";

/** The share of the groups' colours; the rest is the photograph. */
const opacity = 0.5;

/** The groups of whole photographs, each in its own colour, those of different stages in different ones; with words, which of them each is nearest to. */
export function groupViews(recipe: GroupViTRecipe, { classes }: Task): readonly Trial[] {
  const named = classes.filter(({ background }) => background !== true);
  const stages = recipe.depths.length - 1;
  if (stages === 0) return [];
  const colors = groupColors(recipe.outputGroups.slice(0, stages));
  return [
    {
      ...{ name: "groups", images: 6, learnsFrom: [] },
      prepare: ({ image }) => ({ image: bytesOf(scaledPhotograph(image, recipe)) }),
      outputs: (scope, { image }) => groupOutputs(scope, image, recipe, named),
      pictures: (result, sample) => {
        const image = scaledPhotograph(sample.image, recipe);
        return [
          { name: "image", image, changes: false, caption: "" },
          ...colors.map((palette, stage): TrialPicture => {
            const groups = shownGroups(result, `stage${stage + 1}`, recipe);
            const last = stage === stages - 1 ? result.nearest : undefined;
            return {
              name: `stage ${stage + 1}`,
              image: blended(image, groups, palette),
              changes: true,
              caption: captionOf(groups, last, named),
              // More than a file of bytes can tell have the picture alone.
              ...(palette.length <= 256 && { map: () => mapOf(groups, palette, sample.image) }),
            };
          }),
        ];
      },
    },
  ];
}

/**
 * image: [1, H, W, 3] uint8 → the group of each pixel after each stage, [1, H, W] uint8, and the class nearest to each of the last, [1, G];
 * where the largest alone are shown, how much of the photograph each has, too: `weights:` before the stage's name, [1, G].
 */
function groupOutputs(scope: Scope, image: Tensor, recipe: GroupViTRecipe, named: readonly ClassInfo[]): Named<Tensor> {
  const [, height, width] = image.shape;
  const encoded = encodeImages(scope, imageInput(image, normalizations[recipe.normalization]), recipe);
  const assignments = assignmentsBy(recipe.scores, encoded);
  const maps = Object.fromEntries(
    groupMaps(assignments, encoded.grid, [height, width]).flatMap((map, stage): [string, Tensor][] => {
      const name = `stage${stage + 1}`;
      const groups: [string, Tensor] = [name, cast(groupOfPixels(map), "uint8")];
      return recipe.shownGroups === 0 ? [groups] : [groups, [`weights:${name}`, sum(map, { axes: [2, 3] })]];
    }),
  );
  if (named.length === 0) return maps;
  const { vectors, counts } = namedVectors(scope, recipe, named);
  const options = { background: null, scores: recipe.scores, counts };
  const scores = groupClassScores(encoded, vectors, logitScale(scope), options); // [1, G, N]
  return { ...maps, nearest: cast(argMax(scores, { axis: 2 }), "int32") };
}

/** The group of each pixel of a stage, the largest alone where the recipe says so. */
function shownGroups(result: Named<NdArray>, stage: string, { shownGroups: count }: GroupViTRecipe): NdArray {
  const groups = result[stage];
  if (count === 0) return groups;
  const [, height, width] = groups.shape;
  const data = groups.data as Uint8Array;
  const weights = toNumbers(result[`weights:${stage}`]);
  const pixels = pixelsOfLargest({ width, height, weights, groups: data }, count);
  return { ...groups, data: Uint8Array.from(pixels, (pixel) => data[pixel]) };
}

/** Groups [1, h, w] at the photograph's size. */
function mapOf({ shape, data }: NdArray, palette: readonly Color[], { width, height }: Image): IndexedImage {
  const [, rows, columns] = shape;
  return { ...resizeLabels({ width: columns, height: rows, data: data as Uint8Array }, width, height), palette };
}

/** A palette for each stage, all colours distinct. counts: groups of each. */
export function groupColors(counts: readonly number[]): Color[][] {
  const all = distinctColors(counts.reduce((sum, count) => sum + count, 0));
  let start = 0;
  return counts.map((count) => {
    const palette = all.slice(start, start + count);
    start += count;
    return palette;
  });
}

/** The photograph as large as prediction has it, scaled by the same filter, but in one piece. */
export function scaledPhotograph(
  image: Image,
  {
    shortSide,
    longSide,
    patchSize,
    normalization,
  }: Pick<GroupViTRecipe, "shortSide" | "longSide" | "patchSize" | "normalization">,
): Image {
  const short = Math.min(image.width, image.height);
  const factor = Math.min(longSide / Math.max(image.width, image.height), shortSide / short);
  const [width, height] = [image.width, image.height].map((side) => Math.max(patchSize, Math.round(factor * side)));
  return scalings[normalization].antialias
    ? pillowResize(image, [width, height], scalings[normalization].filter)
    : resizeImage(halvedTo(image, width, height), width, height);
}

export function bytesOf({ width, height, data }: Image): NdArray {
  return ndarray("uint8", [height, width, 3], data);
}

function blended({ width, height, data }: Image, { data: groups }: NdArray, palette: readonly Color[]): Image {
  const mixed = new Uint8Array(data.length);
  for (let i = 0, at = 0; at < data.length; i++) {
    const color = palette[Number(groups[i])];
    for (let c = 0; c < 3; c++, at++) mixed[at] = Math.round((1 - opacity) * data[at] + opacity * color[c]);
  }
  return { width, height, data: mixed };
}

/** `5 groups: cat, sofa` */
function captionOf({ data }: NdArray, nearest: NdArray | undefined, named: readonly ClassInfo[]): string {
  const groups = [...new Set(Array.from(data as Uint8Array))].sort((a, b) => a - b);
  const count = `${groups.length} ${groups.length === 1 ? "group" : "groups"}`;
  if (nearest === undefined) return count;
  const names = new Set(groups.map((group) => named[Number(nearest.data[group])].name));
  return `${count}: ${[...names].join(", ")}`;
}
