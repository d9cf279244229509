import { InputError } from "../errors.ts";
import type { Method, ResolvedRecipe } from "../methods/method.ts";
import type { Trained } from "../methods/stage.ts";
import type { Platform } from "../platform/platform.ts";
import { readWeights } from "../weights/read-weights.ts";
import { type OpenOptions, openTrained, stateOf } from "./run.ts";

/**
 * A pretrained encoder for a recipe to begin with: that of another run, or of a published file of weights.
 *
 * source: folder of a run, or file. Throws InputError for files of other networks and damaged ones, and where the recipe's
 * network has no encoder that could be another's.
 */
export async function openEncoder(
  platform: Platform,
  source: string,
  { method, recipe }: ResolvedRecipe,
  options: OpenOptions = {},
): Promise<Trained> {
  const kind = await platform.exists(source);
  if (kind === "folder" && (await stateOf(platform, source)) === "run") {
    const trained = await openTrained(platform, source, options);
    const weights = Object.entries(trained.weights).filter(([name]) => name.startsWith("encoder."));
    if (weights.length === 0) {
      throw new InputError(
        `${source}: expected a run with an encoder, got one of ${trained.recipe.method} without. Choose another.`,
      );
    }
    return { ...trained, stage: "encoder", weights: Object.fromEntries(weights) };
  }
  if (kind !== "file") {
    throw new InputError(
      `${source}: expected a file of weights or a run, got ${kind === "folder" ? "another folder" : "nothing there"}. See docs/encoders.md.`,
    );
  }
  if ((method as Method).encoder === undefined) {
    throw new InputError(
      `${source}: expected a recipe whose encoder can be given, got ${recipe.name}. Try --recipe unet-mobilenet.`,
    );
  }
  const file = await readWeights(await platform.readFile(source), source);
  return { ...(method as Method).encoder!(file, recipe), source };
}
