/** The release's checkpoints as runs of ours: the global network, and the local one where the file has it. */
import { resNet38Units } from "../../backbones/resnet38.ts";
import { vgg16Units } from "../../backbones/vgg.ts";
import type { WeightFile } from "../../weights/read-weights.ts";
import { channelsOf, type NamedWeights, renamedWeights } from "../../weights/renamed-weights.ts";
import type { Imported } from "../method.ts";
import { numberedClasses } from "../numbered-classes.ts";
import { isResized } from "./network.ts";
import { type L2GRecipe, recipes } from "./recipe.ts";
import { releaseNames } from "./weights.ts";

/** Layers of the head that tell what is what, and the encoder that they stand on. */
const heads = [
  { encoder: "resnet38", first: "conv1a", scores: "fc8", early: "f8_3", late: "f8_4", affinity: "f9" },
  {
    encoder: "vgg16",
    first: "features.0",
    scores: "extra_last_conv",
    early: "fc_extra_3",
    late: "fc_extra_4",
    affinity: "extra_att_module",
  },
] as const;

/**
 * A `.pth` or safetensors of L2G's release: its global network; null for files of other kinds. Names of the classes: of VOC's 20 and COCO's
 * 80 they are not in the file, so that they are `class 1` … until someone says them.
 */
export function importL2G([file, ...others]: readonly WeightFile[]): Imported<L2GRecipe> | null {
  if ((file.kind !== "torch" && file.kind !== "safetensors") || others.length > 0) return null;
  const { tensors, where } = file;
  const head = heads.find(({ scores, affinity }) => `${scores}.weight` in tensors && `${affinity}.weight` in tensors);
  if (head === undefined) return null;
  const channels = (name: string) => channelsOf(file, `${name}.weight`, `${head.scores}.weight`);
  const { encoder } = head;
  const size = sizeOf(file, head);
  const names = releaseNames(encoder, size.encoderUnits);
  const weights = renamedWeights(file, names, `L2G's network on ${encoder}`);
  const inGlobal = (name: string) =>
    name.replace(/^(encoder|head)\./, (part) => (part === "head." ? "globalHead." : "globalEncoder."));
  const outputs = channels(head.scores);
  return {
    recipe: {
      ...recipes["l2g-voc"],
      encoder,
      ...size,
      earlyChannels: channels(head.early),
      lateChannels: channels(head.late),
      affinityChannels: channels(head.affinity),
      // Of the two data sets that the release has files of.
      viewNormalization: outputs === cocoOutputs ? "coco" : "encoder",
      saliency: false,
    },
    weights: Object.fromEntries(Object.entries(weights).map(([name, array]) => [inGlobal(name), array])),
    outputs,
    partial: true,
    classes: numberedClasses(outputs),
    untold: [],
    notes: [`${where}: the local network, which only trains, is left out`],
  };
}

/** Width and depth of the encoder where they are not the published ones, as shapes and names tell; no segmentation network goes on from it. */
function sizeOf(file: NamedWeights, { encoder, first, scores }: (typeof heads)[number]) {
  const width = channelsOf(file, `${first}.weight`, `${scores}.weight`);
  const names = Object.keys(file.tensors);
  const units = encoder === "resnet38" ? resNet38UnitsIn(names) : vggUnitsIn(names);
  const published = encoder === "resnet38" ? resNet38Units : vgg16Units;
  // Of stages that lack some the names of the published ones tell which.
  const own = units.length === published.length && units.some((count, i) => count !== published[i]);
  const sizes = { encoderWidth: width === 64 ? 0 : width, encoderUnits: own ? units : [] };
  return { ...sizes, ...(isResized(sizes) && { steps: 0 }) };
}

function resNet38UnitsIn(names: readonly string[]): number[] {
  return [2, 3, 4, 5, 6, 7].map(
    (stage) => names.filter((name) => new RegExp(`^b${stage}(_\\d+)?\\.conv_branch2a\\.weight$`).test(name)).length,
  );
}

/** Convolutions are counted with ReLUs and pools: two places on lies the next of a stage, three on the first of the next. */
function vggUnitsIn(names: readonly string[]): number[] {
  const places = names.flatMap((name) => /^features\.(\d+)\.weight$/.exec(name)?.[1] ?? []).map(Number);
  places.sort((a, b) => a - b);
  const firsts = places.flatMap((place, i) => (i > 0 && place - places[i - 1] === 2 ? [] : [i]));
  return firsts.map((first, stage) => (firsts[stage + 1] ?? places.length) - first);
}

/** COCO's classes and the background. */
const cocoOutputs = 81;
