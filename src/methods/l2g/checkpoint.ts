/** Checkpoints as L2G's release saves and loads them: both networks, each name behind `module.`. */
import type { Named, NdArray } from "../../array/ndarray.ts";
import { readTorch } from "../../weights/torch.ts";
import { writeTorchParts } from "../../weights/torch-write.ts";

/** Networks under the release's names, without `module.`. */
export interface ReleaseCheckpoint {
  readonly global: Named<NdArray>;
  /** Absent where the file was written without saliency: the release keeps the global network alone there. */
  readonly local?: Named<NdArray> | undefined;
}

/** Of the bytes of a `.pth`, zip or legacy. Throws InputError that begins with `where` where it is none, or damaged. */
export async function readReleaseCheckpoint(bytes: Uint8Array, where: string): Promise<ReleaseCheckpoint> {
  const { tensors, others } = await readTorch(bytes, where, { key: "state_dict" });
  if (!others.includes("local_dict")) return { global: tensors };
  return { global: tensors, local: (await readTorch(bytes, where, { key: "local_dict" })).tensors };
}

/** Bytes that the release's test script loads. epoch: counted from 0. The optimizer's state is not written. */
export function writeReleaseCheckpoint(
  { global, local }: ReleaseCheckpoint,
  { epoch = 0, step = 0 }: { readonly epoch?: number; readonly step?: number } = {},
): Uint8Array {
  const wrapped = (network: Named<NdArray>) =>
    Object.fromEntries(Object.entries(network).map(([name, array]) => [`module.${name}`, array]));
  const parts = { state_dict: wrapped(global), ...(local !== undefined && { local_dict: wrapped(local) }) };
  return writeTorchParts(parts, "l2g", { numbers: { epoch, global_counter: step } });
}
