/** The files of a model that are wanted, fetched into whatever keeps them: the same choice and progress everywhere. */
import { InputError } from "../errors.ts";
import { chooseWeights, companionsOf, isIndex, shardsOf } from "./choose.ts";
import type { Reference } from "./reference.ts";
import type { Purpose } from "./refusal.ts";
import { type HubFile, nameOf, type Repository } from "./repository.ts";

/** What whoever fetches a model is told, and how they stop it. */
export interface FetchWatcher {
  readonly signal?: AbortSignal;
  /** Called once, before anything is fetched. */
  readonly onLicence?: (licence: string) => void;
  /** Bytes of all files that have to be fetched, and which one is being. */
  readonly onProgress?: (done: number, total: number, file: string) => void;
}

/** What a fetched model is known by, wherever its files are. */
export interface FetchedFrom {
  /** `owner/name` */
  readonly repository: string;
  /** As it was asked for: a branch, tag or commit. */
  readonly revision: string;
  /** What it was at: 40 hexadecimal digits. */
  readonly commit: string;
  /** As the model's card has it, such as `apache-2.0`; `not stated` where it says nothing. */
  readonly licence: string;
  /** `cache`: the hub was not asked, or did not answer. */
  readonly source: "hub" | "cache";
}

/** Where files are kept. */
export interface Keeper {
  has(file: HubFile): Promise<boolean>;
  fetch(file: HubFile, purpose: Purpose, onBytes: (done: number) => void): Promise<void>;
  /** The text of a file that is there. */
  text(path: string): Promise<string>;
}

/** Fetches what the keeper lacks. Paths of the weights, and of all files. Throws InputError. */
export async function fetchFiles(
  reference: Reference,
  { licence, files }: Repository,
  keeper: Keeper,
  { onLicence, onProgress }: FetchWatcher,
): Promise<{ readonly weights: readonly string[]; readonly all: readonly string[] }> {
  const where = nameOf(reference);
  const paths = files.map(({ path }) => path);
  const byPath = new Map(files.map((file) => [file.path, file]));
  const chosen = chooseWeights(paths, reference.file, where);
  onLicence?.(licence);
  const fetchAll = async (wanted: readonly string[]) => {
    const missing: HubFile[] = [];
    for (const path of wanted) {
      const file = byPath.get(path);
      if (file === undefined) {
        throw new InputError(`${where}: expected ${path}, which its index names, got none. Name another file.`);
      }
      if (!(await keeper.has(file))) missing.push(file);
    }
    const total = missing.reduce((sum, { size }) => sum + size, 0);
    let before = 0;
    for (const file of missing) {
      const { path, size } = file;
      const purpose = { where: `${where}:${path}`, repository: reference.repository };
      await keeper.fetch(file, purpose, (done) => onProgress?.(before + done, total, path));
      before += size;
      onProgress?.(before, total, path);
    }
  };
  if (isIndex(chosen)) await fetchAll([chosen]);
  const weights = isIndex(chosen) ? shardsOf(await keeper.text(chosen), chosen, where) : [chosen];
  const companions = companionsOf(paths, chosen);
  await fetchAll([...weights, ...companions]);
  return { weights, all: [...new Set([...weights, chosen, ...companions])] };
}
