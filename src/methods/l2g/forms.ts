/** A pair of networks as the release reads it, and under the same names as safetensors. */
import type { Named, NdArray } from "../../array/ndarray.ts";
import { InputError } from "../../errors.ts";
import { writeSafetensors } from "../../weights/safetensors.ts";
import type { Method } from "../method.ts";
import { writeReleaseCheckpoint } from "./checkpoint.ts";
import { encoderOf, type PairName, unitsOf } from "./network.ts";
import type { L2GRecipe } from "./recipe.ts";
import { releaseNames } from "./weights.ts";

type Weights = Parameters<NonNullable<Method["forms"]>[string]>[0];

/** One of the two networks under the release's names; undefined where the weights have none of it. Throws where it has no such names. */
function released({ weights, recipe, source }: Weights, network: PairName): Named<NdArray> | undefined {
  const encoder = encoderOf(network, recipe as L2GRecipe);
  const own = Object.entries(weights).filter(([name]) => new RegExp(`^${network}(Encoder|Head)\\.`).test(name));
  if (own.length === 0) return undefined;
  if (encoder !== "resnet38" && encoder !== "vgg16") {
    throw new InputError(
      `${source}: expected a pair on resnet38 or vgg16, which the release has names for, got ${encoder}. Export the run's segmentation network instead.`,
    );
  }
  const names = releaseNames(encoder, unitsOf(encoder, recipe as L2GRecipe));
  return Object.fromEntries(
    own.map(([name, array]) => {
      const theirs = names.theirs(
        name.replace(/^[a-z]+(Encoder|Head)\./, (_, part: string) => `${part.toLowerCase()}.`),
      );
      if (theirs === undefined) throw new Error(`l2g: ${name} has no name in the release`);
      return [theirs, array];
    }),
  );
}

/** The segmentation network, which the last stage trains, has left the pair. */
export const forms: NonNullable<Method["forms"]> = {
  l2g(trained) {
    const global = released(trained, "global");
    if (global === undefined) return null;
    const bytes = writeReleaseCheckpoint({ global, local: released(trained, "local") });
    return { content: { ending: ".pth", bytes }, notes: [] };
  },
  "l2g-safetensors"(trained) {
    const global = released(trained, "global");
    if (global === undefined) return null;
    return {
      content: { ending: ".safetensors", bytes: writeSafetensors(global) },
      notes: ["the global network alone"],
    };
  },
};
