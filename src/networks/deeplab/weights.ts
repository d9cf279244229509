/**
 * Names of weights in DeepLab's PyTorch code: `base.layer1.conv1.conv` … of a ResNet, `base.layer1.0.0` … of VGG-16; `base.aspp` or
 * `base.fov` of the heads.
 */
import { deepLabResNetNames } from "../../backbones/resnet.ts";
import { deepLabVggNames } from "../../backbones/vgg.ts";
import { firstOf, type Place, partNames, type Renaming, renaming } from "../../weights/rename.ts";
import type { DeepLabHead } from "./heads.ts";

/** What a DeepLab stands on. */
export type DeepLabTrunk = "resnet" | "vgg";

const trunks: Readonly<Record<DeepLabTrunk, Renaming>> = { resnet: deepLabResNetNames, vgg: deepLabVggNames };

const largeFov = (theirs: string): Renaming =>
  renaming([
    ["head.conv1", `${theirs}.conv6`],
    ["head.conv2", `${theirs}.conv7`],
    ["head.scores", `${theirs}.conv8`],
  ]);

/** A convolution, ReLU and dropout, twice, and the scores: counted. */
const deepBranches: readonly Place[] = [
  ["head.branch#.conv1", "aspp.c@.0"],
  ["head.branch#.conv2", "aspp.c@.3"],
  ["head.branch#.scores", "aspp.c@.6"],
];

/** On VGG-16 the head of v1 is called as that of v2 is. */
function namesOfHead(head: DeepLabHead, trunk: DeepLabTrunk): Renaming {
  if (head === "large-fov") return largeFov(trunk === "vgg" ? "aspp" : "fov");
  return renaming(head === "aspp" ? [["head.branch#", "aspp.c@"]] : deepBranches);
}

/** Whole checkpoints begin every name so; initial weights of the trunk do not. */
const wrapper = "base.";

/** Their names without what whole checkpoints put before them. */
export function unwrapped(name: string): string {
  return name.startsWith(wrapper) ? name.slice(wrapper.length) : name;
}

/** The names of a DeepLab, ours (`encoder.…`, `head.…`) and theirs. */
export function deepLabNames(head: DeepLabHead, trunk: DeepLabTrunk = "resnet"): Renaming {
  const { ours, theirs } = firstOf(namesOfHead(head, trunk), partNames("encoder.", trunks[trunk]));
  return {
    ours: (name) => ours(unwrapped(name)),
    theirs(name) {
      const found = theirs(name);
      return found === undefined ? undefined : wrapper + found;
    },
  };
}
