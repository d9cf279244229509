/** The packed package, installed as strangers install it. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const execute = promisify(execFile);

/** npm hands its settings on to what it starts; a stranger has none of ours. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([key]) => !/^npm_|^ONNXRUNTIME_/i.test(key)),
);

/** Runs a program in a folder; both streams of its output together. Throws where it fails. */
export async function runIn(folder: string, program: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await execute(program, args, { cwd: folder, env: environment, maxBuffer: 2 ** 26 });
  return `${stdout}${stderr}`;
}

/** Packs what is built into `folder`; gives the archive's path. */
export async function pack(folder: string): Promise<string> {
  await runIn(root, "npm", "pack", "--pack-destination", folder);
  const archive = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
  return `${folder}/${archive}`;
}

/** A new project in `folder` with the archive as its only dependency, installed by one version of npm. */
export async function installIn(folder: string, archive: string, npm: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/package.json`, JSON.stringify({ name: "stranger", private: true, type: "module" }));
  await runIn(folder, "npx", "--yes", npm, "install", archive, "--no-audit", "--no-fund");
}

export interface Installed {
  readonly version: string;
  readonly hasInstallScript?: boolean;
}

/** Every package that is installed in a project's folder, by its path. */
export async function installedIn(folder: string): Promise<Record<string, Installed>> {
  const { packages } = JSON.parse(await readFile(`${folder}/node_modules/.package-lock.json`, "utf8")) as {
    packages: Record<string, Installed>;
  };
  return packages;
}
