import { publishedNames } from "../backbones/published.ts";
import { InputError } from "../errors.ts";
import type { Trained } from "../methods/stage.ts";
import type { NetworkSettings } from "../networks/network.ts";
import type { Platform } from "../platform/platform.ts";
import { writeSafetensors } from "../weights/safetensors.ts";

export interface ExportedEncoder {
  readonly file: string;
  readonly encoder: string;
  readonly tensors: number;
  readonly bytes: number;
}

/**
 * Writes the encoder of a run as safetensors, under the names that a library has for it, to be read there. Throws InputError
 * where the run's encoder has no names but ours, or others than asked for.
 */
export async function exportEncoder(
  platform: Platform,
  { weights, recipe, source, licence }: Trained,
  library: string,
  file: string,
): Promise<ExportedEncoder> {
  const settings = recipe as Partial<NetworkSettings>;
  if (!("encoder" in settings) || settings.encoder === undefined) {
    throw new InputError(
      `${source}: expected a run of a U-Net, whose encoder others have, too, got one of ${recipe.method} on another network. Use tessera export without --weights.`,
    );
  }
  const own = Object.entries(weights).flatMap(([name, array]) =>
    name.startsWith("encoder.") ? [[name.slice("encoder.".length), array] as const] : [],
  );
  const theirs = publishedNames(settings.encoder, Object.fromEntries(own), library);
  const bytes = writeSafetensors(theirs, { format: "pt", ...(licence !== undefined && { licence }) });
  await platform.writeFile(file, bytes);
  return { file, encoder: settings.encoder, tensors: Object.keys(theirs).length, bytes: bytes.length };
}
