/** The .npz format (numpy.savez): a zip archive with one .npy file for each array. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { InputError, problem } from "../errors.ts";
import { readNpy } from "./npy.ts";
import { openZip } from "./zip.ts";

const suffix = ".npy";

/**
 * The arrays in the bytes of a .npz file, by name, each in a buffer of its own. Names may hold "/", as in the
 * checkpoints of JAX programs: `Transformer/encoder_norm/scale`.
 *
 * Throws InputError that starts with `where` (the file's name) when the archive or an array is damaged, or when the
 * archive holds anything that is not a .npy file.
 */
export async function readNpz(bytes: Uint8Array, where = "npz"): Promise<Named<NdArray>> {
  const archive = openZip(bytes, where);
  const arrays: [string, NdArray][] = [];
  for (const name of archive.sizes.keys()) {
    if (!name.endsWith(suffix)) {
      throw new InputError(
        problem(where, "expected only .npy files in the archive", name, "Save the arrays with numpy.savez."),
      );
    }
    arrays.push([name.slice(0, -suffix.length), readNpy(await archive.read(name), `${where}, ${name}`)]);
  }
  return Object.fromEntries(arrays); // own properties, even one that is called __proto__
}
