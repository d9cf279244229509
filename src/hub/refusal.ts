/** What a hub means by refusing: huggingface.co says it by status and by the header X-Error-Code. */
import { problem } from "../errors.ts";

/** A hub, and who asks it. */
export interface Hub {
  /** Its address, without a slash at its end. */
  readonly endpoint: string;
  /** Sent to the endpoint alone; null: none. */
  readonly token: string | null;
  /** What these two settings are called where they are made, for messages. */
  readonly names: { readonly endpoint: string; readonly token: string };
}

/** What a request is for, in messages. */
export interface Purpose {
  /** `owner/name@revision`, with `:file` where it is for one. */
  readonly where: string;
  readonly repository: string;
}

/** One line for an answer of status 4xx, or 3xx that leads nowhere. */
export function refusedLine(
  { status, headers }: Pick<Response, "status" | "headers">,
  { where, repository }: Purpose,
  { endpoint, token, names }: Hub,
): string {
  const code = headers.get("x-error-code") ?? "";
  const page = `${endpoint}/${repository}`;
  if (code === "GatedRepo") {
    const first = `Accept its terms at ${page}`;
    const remedy = token === null ? `${first}, then set ${names.token}.` : `${first} as the user of ${names.token}.`;
    return problem(where, "expected a model that may be fetched", `a gated repository (status ${status})`, remedy);
  }
  if (code === "RevisionNotFound") return missing(where, "no such revision", `Choose one of ${page}/tree/main.`);
  if (code === "EntryNotFound") return missing(where, "no such file", `Choose one of ${page}/tree/main.`);
  if (status === 401 || status === 403) {
    // Without a token the hub says 401 of what does not exist, too.
    const remedy =
      token === null
        ? `Check the name; if it is right, accept its terms at ${page} and set ${names.token}.`
        : `Check the name, that ${names.token} is valid, and that its user has access: ${page}.`;
    const got = status === 401 ? "a missing, private or gated repository" : "a repository without access";
    return problem(where, "expected a model that may be fetched", `${got} (status ${status})`, remedy);
  }
  if (status === 404 || status === 410)
    return missing(where, `nothing there (status ${status})`, "Check the name and its owner.");
  return problem(
    where,
    "expected a model",
    `status ${status} from ${endpoint}`,
    `Check the name and ${names.endpoint}.`,
  );
}

function missing(where: string, got: string, remedy: string): string {
  return problem(where, "expected a model on the hub", got, remedy);
}
