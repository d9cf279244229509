/** Whole DeepLabs of PyTorch code as runs of ours: they predict as they are, and can be trained further. */
import type { Named, NdArray } from "../../array/ndarray.ts";
import type { Encoder } from "../../backbones/encoder.ts";
import { findEncoder } from "../../backbones/encoders.ts";
import type { DeepLabHead } from "../../networks/deeplab/heads.ts";
import { type DeepLabTrunk, deepLabNames, unwrapped } from "../../networks/deeplab/weights.ts";
import { inEncoder } from "../../networks/transfer.ts";
import type { WeightFile } from "../../weights/read-weights.ts";
import { channelsOf, renamedWeights } from "../../weights/renamed-weights.ts";
import type { Imported } from "../method.ts";
import { numberedClasses } from "../numbered-classes.ts";
import { type DeepLabRecipe, recipes } from "./recipe.ts";

interface Kind {
  /** Names by which a file is told: of its first convolution, and of the head. */
  readonly stem: string;
  readonly first: string;
  /** The layer that gives the scores. */
  readonly scores: string;
  readonly head: DeepLabHead;
  readonly trunk: DeepLabTrunk;
  readonly recipe: DeepLabRecipe;
  /** Of its published scores, by the name that `--crf` knows. */
  readonly crf: string;
}

const residual = { stem: "layer1.conv1.conv.weight", trunk: "resnet" } as const;
const vgg = { stem: "layer1.0.0.weight", trunk: "vgg" } as const;

/** DeepLab v2 and v1 on both trunks. */
const kinds: readonly Kind[] = [
  {
    ...residual,
    ...{ first: "aspp.c0.weight", scores: "aspp.c0.weight", head: "aspp" },
    ...{ recipe: recipes["deeplab-v2"], crf: "deeplab-v2" },
  },
  {
    ...residual,
    ...{ first: "fov.conv6.weight", scores: "fov.conv8.weight", head: "large-fov" },
    ...{ recipe: recipes["deeplab-v1"], crf: "deeplab-v1" },
  },
  {
    ...vgg,
    ...{ first: "aspp.conv6.weight", scores: "aspp.conv8.weight", head: "large-fov" },
    ...{ recipe: recipes["deeplab-v1-vgg"], crf: "deeplab-v1" },
  },
  {
    ...vgg,
    ...{ first: "aspp.c0.0.weight", scores: "aspp.c0.6.weight", head: "deep-aspp" },
    ...{ recipe: recipes["deeplab-v2-vgg"], crf: "deeplab-v2-vgg" },
  },
];

/**
 * A `.pth` of DeepLab's PyTorch code, whole: ResNet-101 or VGG-16 with the head of v1 or v2; null for files of other kinds, and for trunks
 * alone, which are encoders. They see blue, green, red without a scale, so that their first convolution is turned round, and
 * three sizes of each picture. Throws InputError where something is beside or missing.
 */
export function importDeepLab([file, ...others]: readonly WeightFile[]): Imported<DeepLabRecipe> | null {
  if ((file.kind !== "torch" && file.kind !== "safetensors") || others.length > 0) return null;
  const { where } = file;
  const tensors = Object.fromEntries(Object.entries(file.tensors).map(([name, array]) => [unwrapped(name), array]));
  const kind = kinds.find(({ stem, first }) => stem in tensors && first in tensors);
  if (kind === undefined) return null;
  const { recipe } = kind;
  const network = `a DeepLab on ${recipe.encoder} with the head ${kind.head}`;
  const weights = renamedWeights({ tensors, where }, deepLabNames(kind.head, kind.trunk), network);
  const outputs = channelsOf({ tensors, where }, kind.scores, kind.first);
  return {
    recipe: {
      ...recipe,
      ...(kind.head !== "aspp" && { decoderChannels: [tensors[kind.first].shape[0]] }),
      // VOC's photographs fit.
      ...{ cropHeight: 384, cropWidth: 512 },
    },
    weights: inOurLayout(weights, findEncoder(recipe.encoder)),
    outputs,
    classes: numberedClasses(outputs),
    untold: [],
    notes: [
      `${where}: the published scores are those of whole photographs behind a dense CRF: --windows whole --crf ${kind.crf}`,
    ],
  };
}

/** The encoder's weights as it takes them, which sees red first. */
function inOurLayout(weights: Named<NdArray>, { published: [{ layout }] }: Encoder): Named<NdArray> {
  const turned = (name: string, array: NdArray) => layout?.ours(name.slice("encoder.".length), array) ?? array;
  return Object.fromEntries(
    Object.entries(weights).map(([name, array]) => [name, inEncoder(name) ? turned(name, array) : array]),
  );
}
