/**
 * Names of weights in DeepLab's PyTorch code: `base.layer1.conv1.conv` … of a ResNet, `base.layer1.0.0` … of VGG-16; `base.aspp` or
 * `base.fov` of the heads.
 */
import { deepLabResNetNames } from "../../backbones/resnet.ts";
import { deepLabVggNames } from "../../backbones/vgg.ts";
import { type Place, type Renaming, renaming } from "../../weights/rename.ts";
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

const heads: Readonly<Record<DeepLabTrunk, Readonly<Record<DeepLabHead, Renaming>>>> = {
  resnet: {
    aspp: renaming([["head.branch#", "aspp.c@"]]),
    "large-fov": largeFov("fov"),
    "deep-aspp": renaming(deepBranches),
  },
  vgg: {
    aspp: renaming([["head.branch#", "aspp.c@"]]),
    "large-fov": largeFov("aspp"),
    "deep-aspp": renaming(deepBranches),
  },
};

/** Whole checkpoints begin every name so; initial weights of the trunk do not. */
const wrapper = "base.";

/** Their names without what whole checkpoints put before them. */
export function unwrapped(name: string): string {
  return name.startsWith(wrapper) ? name.slice(wrapper.length) : name;
}

/** The names of a DeepLab, ours (`encoder.…`, `head.…`) and theirs. */
export function deepLabNames(head: DeepLabHead, trunk: DeepLabTrunk = "resnet"): Renaming {
  const [behind, below] = [heads[trunk][head], trunks[trunk]];
  return {
    ours(theirs) {
      const name = unwrapped(theirs);
      const place = below.ours(name);
      return behind.ours(name) ?? (place === undefined ? undefined : `encoder.${place}`);
    },
    theirs(ours) {
      const name =
        behind.theirs(ours) ?? (ours.startsWith("encoder.") ? below.theirs(ours.slice("encoder.".length)) : undefined);
      return name === undefined ? undefined : wrapper + name;
    },
  };
}
