/** Names of weights in DeepLab's PyTorch code: `base.layer1.conv1.conv` … of the trunk, `base.aspp.c0` or `base.fov.conv6` of the head. */
import { deepLabResNetNames } from "../../backbones/resnet.ts";
import { type Renaming, renaming } from "../../weights/rename.ts";
import type { DeepLabHead } from "./heads.ts";

const deepParts = [
  ["conv1", "conv6"],
  ["conv2", "conv7"],
  ["scores", "conv8"],
] as const;

const heads: Readonly<Record<DeepLabHead, Renaming>> = {
  aspp: renaming([["head.branch#", "aspp.c@"]]),
  "large-fov": renaming(deepParts.map(([ours, theirs]) => [`head.${ours}`, `fov.${theirs}`])),
  "deep-aspp": renaming(deepParts.map(([ours, theirs]) => [`head.branch#.${ours}`, `aspp.c@.${theirs}`])),
};

/** Whole checkpoints begin every name so; initial weights of the trunk do not. */
const wrapper = "base.";

/** The names of a DeepLab on a residual network, ours (`encoder.…`, `head.…`) and theirs. */
export function deepLabNames(head: DeepLabHead): Renaming {
  return {
    ours(theirs) {
      const name = theirs.startsWith(wrapper) ? theirs.slice(wrapper.length) : theirs;
      const trunk = deepLabResNetNames.ours(name);
      return heads[head].ours(name) ?? (trunk === undefined ? undefined : `encoder.${trunk}`);
    },
    theirs(ours) {
      const name =
        heads[head].theirs(ours) ??
        (ours.startsWith("encoder.") ? deepLabResNetNames.theirs(ours.slice("encoder.".length)) : undefined);
      return name === undefined ? undefined : wrapper + name;
    },
  };
}
