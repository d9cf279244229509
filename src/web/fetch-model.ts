/** A published model in a page: its bytes by its name, kept in the browser's own cache. */

export interface FetchOptions {
  /** Default: https://huggingface.co. */
  readonly endpoint?: string;
  /** For gated and private models; sent to the endpoint alone. A page that is public should have none. */
  readonly token?: string;
  readonly signal?: AbortSignal;
  /** Called once, before anything is fetched. */
  readonly onLicence?: (licence: string) => void;
  /** Bytes of all files that have to be fetched, and which one is being. */
  readonly onProgress?: (done: number, total: number, file: string) => void;
}

export interface ModelFile {
  /** Within the repository. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface FetchedModel {
  /** `owner/name` */
  readonly repository: string;
  /** As it was asked for: a branch, tag or commit. */
  readonly revision: string;
  /** What it was at: 40 hexadecimal digits. */
  readonly commit: string;
  /** As the model's card has it, such as `apache-2.0`; `not stated` where it says nothing. */
  readonly licence: string;
  /** One file, or all parts of weights in parts. */
  readonly weights: readonly ModelFile[];
  /** Weights, and what there is of config.json, README.md and licences. */
  readonly files: readonly ModelFile[];
  /** `cache`: the hub did not answer. */
  readonly source: "hub" | "cache";
}

/**
 * Fetches the weights of `owner/name[@revision][:file]` from the hub, unless the browser's cache has them. Checked by size and
 * hash before they are kept; what is cut off is gone on with while the page lives. Pages that are not served over https or
 * from this machine have neither hashes nor a cache and are refused. Throws InputError, one clear line.
 */
export async function fetchModel(name: string, options: FetchOptions = {}): Promise<FetchedModel> {
  const { fetchToBrowser } = await import("./hub.ts"); // a page that asks for no model does not load it
  return fetchToBrowser(name, options);
}
