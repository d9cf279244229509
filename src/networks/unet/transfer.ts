import type { Named, NdArray } from "../../array/ndarray.ts";
import { sameShape, show } from "../../array/shape.ts";
import { findEncoder } from "../../backbones/encoders.ts";
import { InputError } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import type { Part, TransferOptions } from "../transfer.ts";
import { unet } from "./network.ts";
import type { UNetSettings } from "./settings.ts";

/**
 * The weights of `parts` as the network `to` takes them: a head for other classes is left out, and so are decoder blocks that a
 * larger output stride does without. `notes`: a line for what starts anew.
 *
 * Throws InputError where the encoder is another one, its norms are, or the decoder saw its maps otherwise.
 */
export function transferUNet(
  weights: Named<NdArray>,
  from: Partial<UNetSettings>,
  to: UNetSettings,
  { parts, outputs, source }: TransferOptions,
): { weights: Record<string, NdArray>; notes: string[] } {
  for (const key of ["encoder", "encoderNorms"] as const) {
    const folded = key === "encoder" || from[key] === "folded" || to[key] === "folded"; // batch and frozen have one set of weights
    if (!folded || from[key] === to[key]) continue;
    throw new InputError(
      `${source}: expected weights of a network with ${key} ${to[key]}, got ${from[key] ?? "those of another network"}. Add --set ${key}=${from[key] ?? to[key]}.`,
    );
  }
  const joins = parts.includes("decoder") && from.decoder === "unet" && to.decoder === "unet";
  if (joins && from.mapNorms !== to.mapNorms) {
    throw new InputError(
      `${source}: expected a decoder of mapNorms ${to.mapNorms}, got one of ${from.mapNorms}. Add --set mapNorms=${from.mapNorms}, or take the encoder alone with --encoder.`,
    );
  }
  const declared = declaredBy(to, outputs);
  const [read, reads] = [mapOfHead(from), mapOfHead(to)];
  const kept: Record<string, NdArray> = {};
  const anew = new Set<string>();
  for (const [name, array] of Object.entries(weights)) {
    const part = name.split(".")[0] as Part;
    const shape = declared.get(name);
    if (!parts.includes(part) || shape === undefined) continue;
    if (part === "head" && (reads !== read || !sameShape(shape, array.shape))) {
      const [had, wanted] = reads === read ? [`${array.shape[0]} outputs`, String(outputs)] : [read, reads];
      anew.add(`head: ${had} in ${source}, ${wanted} wanted: it starts anew`);
    } else if (sameShape(shape, array.shape)) kept[name] = array;
    else {
      throw new InputError(
        `${source}: expected ${name} ${show(shape)}, got ${show(array.shape)}. Its recipe has other decoderChannels: set them, or take the encoder alone with --encoder.`,
      );
    }
  }
  if (anew.size > 0) for (const name of Object.keys(kept)) if (name.startsWith("head.")) delete kept[name];
  return { weights: kept, notes: [...anew].slice(0, 1) };
}

/** The map that the head reads; of another one its weights are worth nothing, though their shapes may be the same. */
function mapOfHead({ decoder, outputStride }: Partial<UNetSettings>): string {
  return decoder === "unet" ? `decoder unet at output stride ${outputStride}` : `decoder ${decoder}`;
}

/** Names and shapes of all parameters. */
function declaredBy(settings: UNetSettings, outputs: number): ReadonlyMap<string, readonly number[]> {
  const model = new Model();
  const { multiple, size, batch = 1 } = findEncoder(settings.encoder);
  const side = multiple * Math.ceil(64 / multiple);
  const [height, width] = size ?? [side, side];
  unet(model.scope, input("image", [batch, 3, height, width]), Math.max(1, outputs), settings);
  return new Map([...model.parameters.values()].map(({ name, tensor }) => [name, tensor.shape]));
}
