/** What a repository has at a revision: its commit, its files with size and hash, its licence. */
import { InputError, isObject, problem, shown } from "../errors.ts";
import { parseJson } from "../platform/json.ts";
import { descriptionBytes } from "../platform/limits.ts";
import { asked, type Connection } from "./connection.ts";
import { licenceOfCard } from "./licence.ts";
import { isCommit, isInside, type Reference } from "./reference.ts";
import type { Purpose } from "./refusal.ts";

export interface HubFile {
  /** Within the repository, by "/". */
  readonly path: string;
  readonly size: number;
  /**
   * Also the name of its blob in the cache. 64 digits: SHA-256 of the bytes (large files). 40 digits: Git's name of it, the
   * SHA-1 of `blob SIZE\0` and the bytes.
   */
  readonly hash: string;
}

export interface Repository {
  /** 40 hexadecimal digits. */
  readonly commit: string;
  readonly licence: string;
  readonly files: readonly HubFile[];
}

/** Pages of the list of files, and bytes of all of them; a hub that has more is not meant. */
const [mostPages, mostBytes] = [1000, 4 * descriptionBytes];

/** Asks the hub, through its own library. Throws InputError, HubUnavailable where it cannot be had. */
export async function describeRepository(connection: Connection, reference: Reference): Promise<Repository> {
  const { listFiles, modelInfo } = await import("./library.ts");
  const { repository, revision } = reference;
  const where = nameOf(reference);
  const asking = (isRight: (value: unknown) => boolean) => ({
    hubUrl: connection.endpoint,
    fetch: jsonFetch(connection, { where, repository }, isRight),
  });
  const fields = ["sha", "cardData", "tags"] as const;
  const info: Partial<Record<(typeof fields)[number], unknown>> = await modelInfo({
    ...{ ...asking(isObject), name: repository, revision, additionalFields: [...fields] },
  });
  const commit = info.sha;
  if (typeof commit !== "string" || !isCommit(commit))
    throw unusable(connection, where, "a commit of 40 digits", shown(commit));
  const files: HubFile[] = [];
  const isList = (value: unknown) => Array.isArray(value) && value.every(isObject);
  const repo = { type: "model", name: repository } as const;
  for await (const entry of listFiles({ ...asking(isList), repo, revision: commit, recursive: true })) {
    if (entry.type !== "file") continue;
    const { path, lfs } = entry;
    const { size, oid: hash } = lfs ?? entry;
    if (typeof path !== "string") throw unusable(connection, where, "names of files", shown(path));
    if (!isInside(path)) continue; // Git has names that lead out of a folder, at least on Windows: such a file is not for us
    if (!Number.isSafeInteger(size) || size < 0) throw unusable(connection, `${where}:${path}`, "a size", shown(size));
    if (typeof hash !== "string" || !(lfs ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(hash)) {
      throw unusable(connection, `${where}:${path}`, "a hash to check it by", shown(hash));
    }
    files.push({ path, size, hash });
  }
  return { commit, licence: licenceOfCard(info.cardData, info.tags), files };
}

/** `owner/name@revision` */
export function nameOf({ repository, revision }: Pick<Reference, "repository" | "revision">): string {
  return revision === "main" ? repository : `${repository}@${revision}`;
}

/** The `fetch` that the library is given: JSON that has been read whole, or an InputError. */
function jsonFetch(connection: Connection, purpose: Purpose, isRight: (value: unknown) => boolean): typeof fetch {
  let requests = 0;
  let before = 0;
  const { where } = purpose;
  return async (input) => {
    if (++requests > mostPages) throw unusable(connection, where, `a list of at most ${mostPages} pages`, "more");
    const accept = { accept: "application/json" };
    const url = input instanceof Request ? input.url : String(input);
    return asked(
      connection,
      url,
      purpose,
      () => accept,
      async ({ response, read }) => {
        const kind = response.headers.get("content-type") ?? "no type";
        if (!/\bjson\b/i.test(kind)) throw notJson(connection, where, kind);
        const pieces: Uint8Array[] = [];
        let size = 0;
        await read((piece) => {
          size += piece.length;
          if (size > descriptionBytes || before + size > mostBytes) {
            const most = size > descriptionBytes ? `${descriptionBytes} bytes of JSON` : `${mostBytes} bytes in all`;
            throw unusable(connection, where, `at most ${most}`, "more");
          }
          pieces.push(piece);
        });
        before += size;
        const text = await new Blob(pieces as BlobPart[]).text();
        const value = parsed(text);
        if (!isRight(value)) throw notJson(connection, where, shown(text));
        // The library passes over relative addresses, and with them over the next pages.
        const link = response.headers.get("link") ?? "";
        const absolute = link.replace(/<([^>]*)>/g, (_, to: string) => {
          const next = URL.canParse(to, url) ? new URL(to, url) : null;
          if (next === null || !/^https?:$/.test(next.protocol)) {
            throw unusable(connection, where, "the address of the next page", shown(to));
          }
          return `<${next.href}>`;
        });
        return new Response(text, { status: 200, headers: { link: absolute } });
      },
    );
  };
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}

function notJson({ endpoint, names }: Connection, where: string, got: string): InputError {
  const remedy = `Check ${names.endpoint}, and that no login page or proxy answers in its place.`;
  return new InputError(problem(where, `expected an answer in JSON from ${endpoint}`, got, remedy));
}

function unusable({ names }: Connection, where: string, expected: string, got: string): InputError {
  return new InputError(problem(where, `expected ${expected} from the hub`, got, `Check ${names.endpoint}.`));
}
