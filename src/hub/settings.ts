/** The environment variables of huggingface_hub, with its defaults (huggingface_hub: constants.py). */
import { InputError } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import type { Connection } from "./connection.ts";

export interface HubSettings extends Omit<Connection, "signal"> {
  /** The folder of the cache. */
  readonly cache: string;
  /** The cache is all there is. */
  readonly offline: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export const defaultEndpoint = "https://huggingface.co";
export const defaultTimeoutMs = 10_000;

const names = { endpoint: "HF_ENDPOINT", token: "HF_TOKEN" } as const;

/** Throws InputError where a variable has a value that cannot be meant. */
export async function hubSettings(
  platform: Pick<Platform, "exists" | "readText" | "environment" | "home">,
  environment: Environment = platform.environment,
): Promise<HubSettings> {
  /** The first of these that is set; an empty one counts as not set. */
  const value = (...names: readonly string[]) => names.map((name) => environment[name]?.trim()).find(Boolean);
  const folder = (text: string) => expanded(text, platform.home, environment);
  const hubHome = folder(
    value("HF_HOME") ?? joinPath(value("XDG_CACHE_HOME") ?? joinPath(platform.home(), ".cache"), "huggingface"),
  );
  const cache = folder(value("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? joinPath(hubHome, "hub"));
  const tokenFile = folder(value("HF_TOKEN_PATH") ?? joinPath(hubHome, "token"));
  const isImplicit = !isTrue(value("HF_HUB_DISABLE_IMPLICIT_TOKEN"));
  const saved = isImplicit && (await platform.exists(tokenFile)) === "file" ? await platform.readText(tokenFile) : "";
  const token = value("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN");
  return {
    cache: cache.replace(/(?<=.)\/+$/, ""),
    endpoint: endpointOf(value("HF_ENDPOINT") ?? defaultEndpoint, names.endpoint),
    token: token === undefined ? tokenOf(saved.trim(), tokenFile) : tokenOf(token, names.token),
    names,
    offline: isTrue(value("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")),
    timeoutMs: timeoutOf(value("HF_HUB_DOWNLOAD_TIMEOUT")),
  };
}

/** The hub's address without a slash at its end. `name`: what the setting is called. Throws InputError. */
export function endpointOf(text: string, name: string): string {
  const wrong = (got: string) =>
    new InputError(`${name}: expected an address, got ${got}. Write one such as ${defaultEndpoint}.`);
  const { protocol, username, password, search, hash } = URL.canParse(text) ? new URL(text) : { protocol: "" };
  if (!/^https?:$/.test(protocol)) throw wrong(`"${text}"`);
  if (username || password) throw wrong("one with a user's name or password"); // neither is shown, nor can be sent
  if (search || hash) throw wrong(`"${text}" with more behind its path`);
  return text.replace(/\/+$/, "");
}

/** A token in one line of plain characters, as a header can carry; null where there is none. Never shown. */
export function tokenOf(text: string, name: string): string | null {
  if (text === "") return null;
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new InputError(
    `${name}: expected a token, got text with spaces or other characters that none has. Copy it anew.`,
  );
}

function timeoutOf(text: string | undefined): number {
  if (text === undefined) return defaultTimeoutMs;
  const seconds = Number(text);
  if (seconds > 0 && seconds < 86_400) return 1000 * seconds;
  throw new InputError(`HF_HUB_DOWNLOAD_TIMEOUT: expected a number of seconds, got "${text}". Write one such as 10.`);
}

function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(?:1|on|yes|true)$/i.test(text);
}

/** `~`, `$NAME` and `${NAME}` at their places, as Python's expanduser and expandvars do. */
function expanded(path: string, home: () => string, environment: Environment): string {
  const named = path.replace(/\$(?:(\w+)|\{(\w+)\})/g, (all, plain, braced) => environment[plain ?? braced] ?? all);
  return named.replace(/^~(?=$|[/\\])/, home);
}
