/** The pass that makes pseudo masks of tags: the global network on every photograph at several sizes, mirrored too. */
import { float32, type NdArray, ndarray } from "../../array/ndarray.ts";
import { findEncoder } from "../../backbones/encoders.ts";
import type { Sample } from "../../data/sample.ts";
import { flipImage } from "../../image/flip.ts";
import { IGNORE, type LabelMap } from "../../image/image.ts";
import { pillowResize } from "../../image/pillow-resize.ts";
import { imageInput } from "../../nn/image-input.ts";
import type { Task } from "../method.ts";
import type { Pass, RunGraph } from "../stage.ts";
import { type CamPass, camBytes, fusedMaps, normalizedMaps, pseudoMask, scaledSize } from "./cam.ts";
import { classifier } from "./network.ts";
import { foregroundOf } from "./pair.ts";
import type { L2GRecipe } from "./recipe.ts";

export function camPass(recipe: L2GRecipe, task: Task): Pass {
  const foreground = foregroundOf(task);
  const background = task.classes.findIndex((each) => each.background);
  return {
    kind: "pass",
    name: "cam",
    learnsFrom: ["tags"],
    writes: ["mask"],
    predicts: false,
    outputs: (scope, { image }) => ({
      maps: classifier(scope, "global", imageInput(image), foreground.length, recipe).maps,
    }),
    async visit(sample, run) {
      const named = new Set(sample.labels.tags ?? []);
      const present = foreground.flatMap((index, channel) => (named.has(index) ? [{ index, channel }] : []));
      const mask = await maskOf(sample, present, run, { ...recipe, background: background < 0 ? IGNORE : background });
      return { labels: { mask } };
    },
  };
}

interface Present {
  /** Index of the class, and the channel of its map. */
  readonly index: number;
  readonly channel: number;
}

async function maskOf(
  { image }: Sample,
  present: readonly Present[],
  run: RunGraph,
  { encoder, camScales, camThreshold, background }: L2GRecipe & { readonly background: number },
): Promise<LabelMap> {
  const { width, height } = image;
  if (present.length === 0) return { width, height, data: new Uint8Array(width * height).fill(background) };
  const { multiple } = findEncoder(encoder);
  // The release's ResNet-38 takes any size; other encoders take multiples of their stride.
  const fitted = (side: number) =>
    encoder === "resnet38" ? side : Math.max(1, Math.round(side / multiple)) * multiple;
  const passes: CamPass[] = [];
  for (const scale of camScales) {
    const [rows, columns] = scaledSize([height, width], scale).map(fitted);
    const scaled = pillowResize(image, [columns, rows], "bicubic");
    for (const flipped of [false, true]) {
      const { data } = flipped ? flipImage(scaled) : scaled;
      const { maps } = await run({ image: ndarray("uint8", [1, rows, columns, 3], data) });
      passes.push({ maps: chosen(maps, present), flipped });
    }
  }
  const maps = normalizedMaps(fusedMaps(passes, [height, width]));
  // Through the bytes that the release keeps on disk.
  const kept = float32(
    maps.shape,
    Float32Array.from(camBytes(maps), (value) => value / 255),
  );
  return pseudoMask(
    kept,
    present.map(({ index }) => index),
    { threshold: camThreshold, background },
  );
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
