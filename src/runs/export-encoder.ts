import type { Named, NdArray } from "../array/ndarray.ts";
import { writeOnnxEncoder } from "../backbones/onnx-file.ts";
import { publishedNames } from "../backbones/published.ts";
import { InputError } from "../errors.ts";
import type { Trained } from "../methods/stage.ts";
import { encoderFileOf } from "../networks/network.ts";
import { inEncoder } from "../networks/transfer.ts";
import type { UNetSettings } from "../networks/unet/settings.ts";
import type { Platform } from "../platform/platform.ts";
import { writeSafetensors } from "../weights/safetensors.ts";

export interface ExportedEncoder {
  readonly file: string;
  readonly encoder: string;
  readonly tensors: number;
  readonly bytes: number;
}

/**
 * Writes the encoder of a run, to be read elsewhere: as safetensors under the names that a library has for it, or, where it came
 * from an ONNX file (`library` is then `onnx`), as that file's graph with what its weights have become. Throws InputError where
 * the run's encoder has no names but ours, or others than asked for.
 */
export async function exportEncoder(
  platform: Platform,
  { weights, recipe, source, licence }: Omit<Trained, "stage">,
  library: string,
  file: string,
): Promise<ExportedEncoder> {
  const { encoder } = recipe as Partial<UNetSettings>;
  if (encoder === undefined) {
    throw new InputError(
      `${source}: expected a run of a U-Net, whose encoder others have, too, got one of ${recipe.method} on another network. Use tessera export without --weights.`,
    );
  }
  const own: Named<NdArray> = Object.fromEntries(
    Object.entries(weights).flatMap(([name, array]) =>
      inEncoder(name) ? [[name.slice("encoder.".length), array] as const] : [],
    ),
  );
  const onnx = encoderFileOf(recipe);
  if ((onnx !== undefined) !== (library === "onnx")) {
    throw new InputError(
      onnx === undefined
        ? `${source}: expected a library that knows ${encoder}, got "onnx". Leave --weights out for an ONNX model.`
        : `${source}: expected "onnx", since its encoder was read from an ONNX file, got "${library}". Write --weights onnx.`,
    );
  }
  const theirs = onnx === undefined ? publishedNames(encoder, own, library) : own;
  const bytes =
    onnx === undefined
      ? writeSafetensors(theirs, { format: "pt", ...(licence !== undefined && { licence }) })
      : writeOnnxEncoder(onnx, own, { where: `${source}/encoder.onnx`, licence });
  await platform.writeFile(file, bytes);
  return { file, encoder, tensors: Object.keys(theirs).length, bytes: bytes.length };
}
