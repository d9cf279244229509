/**
 * A GroupViT in the forms that others read: the authors' checkpoints (`.pth`), and directories of the port to Hugging Face's
 * transformers. Their weights are the same, so what was read from one can be written as the other.
 */
import { fromNumbers, type NdArray } from "../../array/ndarray.ts";
import { writeSafetensors } from "../../weights/safetensors.ts";
import { writeTorch } from "../../weights/torch-write.ts";
import { configText } from "./port-config.ts";
import { type PortPreparation, preparationText, usualPreparation } from "./port-preparation.ts";
import { portTensors } from "./port-weights.ts";
import { officialTensors } from "./weights.ts";
import { counterNames, type PublishedGroupViT, wholeOf, withPositions } from "./whole-weights.ts";

/** The bytes of an official checkpoint: the state dictionary under `model`. Throws InputError where weights are missing. */
export function officialFile(published: PublishedGroupViT, where = "groupvit"): Uint8Array {
  const { settings, weights } = published;
  const whole = wholeOf(withPositions(weights, settings), settings, where).weights;
  return writeTorch(officialTensors({ ...whole, ...allCounters(published) }), where);
}

/**
 * The files of a directory for the port, by name, and lines for the user about what has no place in it. Throws InputError where weights
 * are missing, and for networks that the port does not have.
 */
export function portFiles(
  published: PublishedGroupViT,
  { preparation = null, licence }: { readonly preparation?: PortPreparation | null; readonly licence?: string } = {},
  where = "groupvit",
): { readonly files: Readonly<Record<string, Uint8Array | string>>; readonly notes: readonly string[] } {
  const { settings, weights } = published;
  // What no form has is said before what this one has not: its remedy is another form.
  const whole = wholeOf(withPositions(weights, settings), settings, where).weights;
  const config = configText(settings, where);
  const { tensors, without } = portTensors({ ...whole, ...allCounters(published) });
  return {
    files: {
      "config.json": config,
      "model.safetensors": writeSafetensors(tensors, { format: "pt", ...(licence !== undefined && { licence }) }),
      "preprocessor_config.json": preparationText(preparation ?? usualPreparation(settings.imageSize)),
    },
    notes: without.map((name) => `${where}: ${name} is left out; Hugging Face's GroupViT has nothing like it.`),
  };
}

function allCounters({ weights, counters = weights, settings }: PublishedGroupViT): Record<string, NdArray> {
  if (settings.projectionHidden === 0) return {}; // nothing is normed
  return Object.fromEntries(counterNames.map((name) => [name, counters[name] ?? fromNumbers("int64", [], [0])]));
}
