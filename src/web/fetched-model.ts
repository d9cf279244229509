/** What a page says and gets when it fetches a published model. */
import type { FetchedFrom, FetchWatcher } from "../hub/fetch-files.ts";

export interface FetchOptions extends FetchWatcher {
  /** Default: https://huggingface.co. */
  readonly endpoint?: string;
  /** For gated and private models; sent to the endpoint alone. A page that is public should have none. */
  readonly token?: string;
}

export interface ModelFile {
  /** Within the repository. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface FetchedModel extends FetchedFrom {
  /** One file, or all parts of weights in parts. */
  readonly weights: readonly ModelFile[];
  /** Weights, and what there is of config.json, README.md and licences. */
  readonly files: readonly ModelFile[];
}
