/** Names of weights in L2G's release: `conv1a`, `b2.conv_branch2a` … of the trunk, `fc8`, `f8_3`, `f8_4`, `f9` of the head. */
import { resNet38Names } from "../../backbones/resnet38.ts";
import { vgg16Units, vggNames } from "../../backbones/vgg.ts";
import { firstOf, partNames, type Renaming, renaming } from "../../weights/rename.ts";

const heads = {
  resnet38: renaming([
    ["head.scores", "fc8"],
    ["head.early", "f8_3"],
    ["head.late", "f8_4"],
    ["head.affinity", "f9"],
  ]),
  vgg16: renaming([
    ["head.scores", "extra_last_conv"],
    ["head.early", "fc_extra_3"],
    ["head.late", "fc_extra_4"],
    ["head.affinity", "extra_att_module"],
    ["head.extra1", "extra_convs.0"],
    ["head.extra2", "extra_convs.2"],
    ["head.extra3", "extra_convs.4"],
  ]),
};

/** The names of a classification network, ours and the release's. units: of an encoder of another depth; of ResNet-38 all are known. */
export function releaseNames(encoder: keyof typeof heads, units: readonly number[] = []): Renaming {
  const trunk = encoder === "resnet38" ? resNet38Names : vggNames(units.length > 0 ? units : vgg16Units);
  return firstOf(heads[encoder], partNames("encoder.", trunk));
}

/** What `frozenParts` calls the whole encoder. */
export const allParts = "all";

/** The part of the encoder that a parameter of the pair is of, by the encoder's name for it: "stem" of `globalEncoder.stem.conv.weight`. */
export function encoderPart(name: string): string | undefined {
  const parts = name.split(".");
  const encoder = parts.findIndex((part) => /[eE]ncoder$/.test(part));
  return encoder < 0 ? undefined : parts[encoder + 1];
}

/**
 * Whether a parameter of the pair trains: convolutions, but for those of the encoders' first parts, which are the stem and the first stage
 * in the release. No norms, no biases of theirs.
 */
export function trainsInPair(name: string, frozenParts: readonly string[] = ["stem", "stage1"]): boolean {
  if (/(^|\.)norm\d?\./.test(name)) return false;
  const part = encoderPart(name);
  return part === undefined || !(frozenParts.includes(allParts) || frozenParts.includes(part));
}

/** What the release starts anew, and trains at ten times the rate. */
export function isNew(name: string): boolean {
  return /[hH]ead\./.test(name);
}
