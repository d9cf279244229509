/** The pass that makes pseudo masks of tags: the global network on every photograph at several sizes, mirrored too. */
import { float32, type NdArray, ndarray } from "../../array/ndarray.ts";
import { findEncoder } from "../../backbones/encoders.ts";
import { backgroundOf, foregroundOf } from "../../data/background.ts";
import type { Sample } from "../../data/sample.ts";
import { flipImage } from "../../image/flip.ts";
import { IGNORE, type Image } from "../../image/image.ts";
import { pillowResize } from "../../image/pillow-resize.ts";
import { imageInput } from "../../nn/image-input.ts";
import type { Task } from "../method.ts";
import type { Pass, RunGraph, Visit } from "../stage.ts";
import { type CamPass, camBytes, fusedMaps, normalizedMaps, scaledSize } from "./cam.ts";
import { camPictures } from "./cam-pictures.ts";
import { countSweep, sweepScores } from "./cam-scores.ts";
import { classifier } from "./network.ts";
import { pseudoLabels, shapedMaps } from "./pseudo-labels.ts";
import type { L2GRecipe } from "./recipe.ts";
import { windowMaps } from "./window-maps.ts";

/** requires: what it cannot begin without, see `Stage`. */
export function camPass(recipe: L2GRecipe, task: Task, requires?: string): Pass {
  const foreground = foregroundOf(task);
  const settings = { ...recipe, background: backgroundOf(task) ?? IGNORE };
  const presentIn = ({ labels }: Sample): Present[] => {
    const named = new Set(labels.tags ?? []);
    return foreground.flatMap((index, channel) => (named.has(index) ? [{ index, channel }] : []));
  };
  const look = async (sample: Sample, run: RunGraph) => {
    const present = presentIn(sample);
    const raw = await mapsOf(sample.image, present, run, recipe);
    // What labels are made of: the release reads its maps back from files of bytes.
    const maps = float32(
      raw.shape,
      Float32Array.from(camBytes(raw), (value) => value / 255),
    );
    const indices = present.map(({ index }) => index);
    const shaped = shapedMaps(maps, sample.labels.saliency, recipe);
    return {
      raw,
      maps,
      present,
      indices,
      shaped,
      mask: pseudoLabels(shaped, indices, sample.image, sample.labels, settings),
    };
  };
  return {
    kind: "pass",
    name: "cam",
    learnsFrom: ["tags"],
    ...(recipe.camSaliency !== "none" && { alsoReads: ["saliency"] as const }),
    writes: ["mask"],
    predicts: false,
    requires,
    outputs: (scope, { image }) => ({
      maps: classifier(scope, "global", imageInput(image), foreground.length, recipe).maps,
    }),
    async visit(sample, run) {
      const { raw, present, indices, shaped, mask } = await look(sample, run);
      // As the release's own tools look for them: classes that are not background are counted from 0.
      const names = present.map(({ channel }) => `${sample.id}_${channel}`);
      const sums = countSweep({ shaped, indices, mask, truth: sample.labels.mask }, task.classes.length, settings);
      return { labels: { mask }, sums, maps: keptMaps(raw, names, recipe.camMaps) };
    },
    scoredBy: ["mask"],
    scores: (sums) => sweepScores(sums, task.classes.length, recipe),
    async pictures(sample, run) {
      const { maps, indices, mask } = await look(sample, run);
      return camPictures({ sample, maps, indices, mask }, task.classes);
    },
  };
}

interface Present {
  /** Index of the class, and the channel of its map. */
  readonly index: number;
  readonly channel: number;
}

/** The maps of the classes that are there: [T, H, W] in [0, 1]. */
async function mapsOf(
  image: Image,
  present: readonly Present[],
  run: RunGraph,
  { encoder, camScales, camWindows, localSize, shortSide }: L2GRecipe,
): Promise<NdArray> {
  const { width, height } = image;
  if (present.length === 0) return float32([0, height, width], []);
  const { multiple } = findEncoder(encoder);
  const slides = camWindows === "sliding";
  const multiplied = (side: number) => Math.max(1, Math.round(side / multiple)) * multiple;
  // The release's ResNet-38 takes any size; other encoders, and windows, take multiples of the stride.
  const fitted = (side: number) => (encoder === "resnet38" && !slides ? side : multiplied(side));
  const passes: CamPass[] = [];
  for (const scale of camScales) {
    const [rows, columns] = scaledSize([height, width], scale).map(fitted);
    const scaled = pillowResize(image, [columns, rows], "bicubic");
    for (const flipped of [false, true]) {
      const seen = flipped ? flipImage(scaled) : scaled;
      // A window shows as much of a photograph as a local view does.
      const side = multiplied((Math.min(rows, columns) * localSize) / shortSide);
      const maps = slides
        ? await windowMaps(seen, run, { side, multiple })
        : (await run({ image: ndarray("uint8", [1, rows, columns, 3], seen.data) })).maps;
      passes.push({ maps: chosen(maps, present), flipped });
    }
  }
  return normalizedMaps(fusedMaps(passes, [height, width]));
}

/** maps: [1, C + 1, h, w] → those of the classes that are there, [T, h, w]. */
function chosen({ shape: [, , rows, columns], data }: NdArray, present: readonly Present[]): NdArray {
  const places = rows * columns;
  const out = new Float32Array(present.length * places);
  present.forEach(({ channel }, i) => {
    out.set((data as Float32Array).subarray(channel * places, (channel + 1) * places), i * places);
  });
  return float32([present.length, rows, columns], out);
}

/** One map a class: rounded to bytes as the release keeps them, or the numbers as they are. */
export function keptMaps(
  maps: NdArray,
  names: readonly string[],
  form: L2GRecipe["camMaps"],
): NonNullable<Visit["maps"]> {
  if (form === "none") return {};
  const [, height, width] = maps.shape;
  const bytes = camBytes(maps);
  const part = (i: number) => [i * height * width, (i + 1) * height * width] as const;
  return Object.fromEntries(
    names.map((name, i) => [
      name,
      form === "png"
        ? { width, height, data: bytes.subarray(...part(i)) }
        : float32([height, width], (maps.data as Float32Array).slice(...part(i))),
    ]),
  );
}
