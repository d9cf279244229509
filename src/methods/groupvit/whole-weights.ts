/** The weights of a GroupViT, all of them and no others: what its files hold in every form. */
import type { Named, NdArray } from "../../array/ndarray.ts";
import { sameShape, show } from "../../array/shape.ts";
import { InputError, listed, problem } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { bicubicPositionTable } from "../../nn/embedding.ts";
import { encodePairs, pairLosses } from "./network.ts";
import type { GroupViTSettings } from "./settings.ts";
import { sinusoidalPositions } from "./sinusoidal.ts";

/** A GroupViT that was published, or is to be. */
export interface PublishedGroupViT {
  readonly settings: GroupViTSettings;
  /** Under our names, float32. */
  readonly weights: Named<NdArray>;
  /**
   * How many batches the averages of both projections have seen, int64 scalars under our names. Nothing is computed with them,
   * but other programs expect them. Default: those that stand among the weights, as in a run; or 0.
   */
  readonly counters?: Named<NdArray>;
}

/** Of the position vectors. */
const positions = "image.positions";

/** Of the counters of batches. */
export const counterNames = ["imageProjection.norm.num_batches_tracked", "textProjection.norm.num_batches_tracked"];

/** Of so many missing or unused tensors the names are told. */
export const mostNamed = 4;

/** The network's weights alone, all of them, in its shapes. Throws InputError that names what is missing, or for a stem, which no form has. */
export function wholeOf(
  weights: Named<NdArray>,
  settings: GroupViTSettings,
  where: string,
): { readonly weights: Record<string, NdArray>; readonly unused: readonly string[] } {
  requireNoStem(settings, where);
  const shapes = shapesOf({ ...settings, position: "learned" });
  const used: Record<string, NdArray> = {};
  const missing: string[] = [];
  for (const [name, shape] of shapes) {
    const array = weights[name];
    if (array === undefined) missing.push(name);
    else if (sameShape(array.shape, shape)) used[name] = array;
    else {
      const remedy = "The files are damaged, or of a network of another kind.";
      throw new InputError(problem(where, `expected ${name} of shape ${show(shape)}`, show(array.shape), remedy));
    }
  }
  if (missing.length > 0) {
    const remedy = "The file is not whole; fetch it again.";
    throw new InputError(
      problem(where, "expected all weights of a GroupViT", `none for ${listed(missing, mostNamed)}`, remedy),
    );
  }
  return { weights: used, unused: Object.keys(weights).filter((name) => !shapes.has(name)) };
}

function requireNoStem({ stemChannels }: GroupViTSettings, where: string): void {
  if (stemChannels.length === 0) return;
  const got = `convolutions of ${stemChannels.join(", ")} channels`;
  throw new InputError(
    `${where}: expected no convolutions before the patches, which published GroupViTs do not have, got ${got}. Export it as one ONNX file with --classes, or train with --set stemChannels=[].`,
  );
}

/** Names and shapes of what the network declares. Heads change no shape, so any that divide the widths will do. */
function shapesOf(settings: GroupViTSettings): Map<string, readonly number[]> {
  const { imageSize, prompts } = settings;
  const model = new Model();
  const images = input("images", [1, 3, imageSize, imageSize]);
  const ids = input("ids", [1, 1 + prompts, 1], "int64");
  const single = { ...settings, heads: settings.depths.map(() => 1), textHeads: 1 };
  pairLosses(model.scope, encodePairs(model.scope, images, ids, single), single);
  return new Map([...model.parameters].map(([name, { tensor }]) => [name, tensor.shape]));
}

/** Fixed positions are no weights of ours, but of others. */
export function withPositions(
  weights: Named<NdArray>,
  { position, imageSize, patchSize, width }: GroupViTSettings,
): Named<NdArray> {
  if (position === "learned") return weights;
  const side = Math.floor(imageSize / patchSize);
  return { ...weights, [positions]: sinusoidalPositions([side, side], width) };
}

/** The weights for a network on images of another size: positions are resized, bicubically. */
export function fittedPositions(
  weights: Named<NdArray>,
  { imageSize, patchSize, position }: Pick<GroupViTSettings, "imageSize" | "patchSize" | "position">,
): Named<NdArray> {
  const table = weights[positions];
  if (table === undefined || position !== "learned") return weights;
  const from = Math.sqrt(table.shape[1]);
  const to = Math.floor(imageSize / patchSize);
  return { ...weights, [positions]: bicubicPositionTable(table, [from, from], [to, to]) };
}
