/** What a page says and gets when it fetches a published model. */

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
