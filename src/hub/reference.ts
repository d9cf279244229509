/** Names of models on the hub, `owner/name[@revision][:file]`, and how they differ from paths. */
import { InputError, oneLine } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";

export interface Reference {
  /** `owner/name` */
  readonly repository: string;
  /** A branch, a tag, a pull request (`refs/pr/1`) or a commit. */
  readonly revision: string;
  /** A file of the repository; null: the weights that it has. */
  readonly file: string | null;
}

/** What the hub allows: letters, digits, `-`, `_`, `.`; no `--` or `..`, neither of which may begin or end it. */
const part = /^(?!.*(?:--|\.\.))[A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?$/;
const longest = 96;

/** Such a name means a file that is not there: repositories are hardly ever called so. */
const fileNames = /\.(?:safetensors|npz|npy|pth|pt|bin|onnx|json)$/i;

/** Reads `owner/name[@revision][:file]`. Throws InputError. */
export function parseReference(text: string): Reference {
  const reference = referenceOf(text);
  if (reference !== null) return reference;
  throw new InputError(
    `${text}: expected a model's name, got something else. Write owner/name, owner/name@revision or owner/name:file.`,
  );
}

/** Whether a text names a model on the hub rather than a file or folder: whatever exists on disk is no name. */
export async function isReference(platform: Pick<Platform, "exists">, text: string): Promise<boolean> {
  const reference = referenceOf(text);
  if (reference === null || (reference.file === null && fileNames.test(reference.repository))) return false;
  return (await platform.exists(text)) === "nothing";
}

function referenceOf(text: string): Reference | null {
  const match = text.match(/^([^/@:\s]+)\/([^/@:\s]+)(?:@([^:\s]+))?(?::(.+))?$/);
  if (match === null) return null;
  const [, owner, name, revision = "main", file = null] = match;
  const repository = `${owner}/${name}`;
  if (!part.test(owner) || !part.test(name) || repository.length > longest || !isRevision(revision)) return null;
  if (file !== null && !isInside(file)) return null;
  return { repository, revision, file };
}

/** Git's own rules for the names of branches and tags, as far as they guard paths and addresses. */
function isRevision(revision: string): boolean {
  return isInside(revision) && !/[~^?*[\]@{}%#]|\.\.|\.lock$/.test(revision) && !revision.startsWith("-");
}

/** A relative path of plain pieces: it cannot lead out of the folder that it is joined to. */
export function isInside(path: string): boolean {
  if (path === "" || /[\\:]/.test(path) || oneLine(path) !== path) return false;
  return path.split("/").every((piece) => piece !== "" && piece !== "." && piece !== "..");
}

/** Whether a revision is a commit itself, which never changes. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}
