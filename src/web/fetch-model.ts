/** A published model in a page: its bytes by its name, kept in the browser's own cache. */
import type { FetchedModel, FetchOptions } from "./fetched-model.ts";

/**
 * Fetches the weights of `owner/name[@revision][:file]` from the hub, unless the browser's cache has them. Checked by size and
 * hash before they are kept; what is cut off is gone on with while the page lives. Pages that are not served over https or
 * from this machine have neither hashes nor a cache and are refused. Throws InputError, one clear line.
 */
export async function fetchModel(name: string, options: FetchOptions = {}): Promise<FetchedModel> {
  const { fetchToBrowser } = await import("./hub.ts"); // a page that asks for no model does not load it
  return fetchToBrowser(name, options);
}
