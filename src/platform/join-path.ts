/** What a path ends with: `a/b.png` → `b.png`, and of a folder written `a/b/` `b`. */
export function lastPart(path: string): string {
  return (
    path
      .replace(/[\\/]+$/, "")
      .split(/[\\/]/)
      .at(-1) ?? ""
  );
}

/** Joins path pieces by "/", which every platform understands. */
export function joinPath(...pieces: readonly string[]): string {
  return pieces.map((piece, i) => (i < pieces.length - 1 ? piece.replace(/\/+$/, "") : piece)).join("/");
}

/** `file` as seen from the folder of another file: both from one place, or the file's own path where one is absolute and the other is not. */
export function relativePath(from: string, file: string): string {
  const isAbsolute = (path: string) => /^(?:[\\/]|[a-z]:)/i.test(path);
  const parts = (path: string) => path.split(/[\\/]/).filter((part) => part !== "" && part !== ".");
  const [start, end] = [parts(from).slice(0, -1), parts(file)];
  if (isAbsolute(from) !== isAbsolute(file) || start.includes("..")) return file;
  let same = 0;
  while (same < start.length && same < end.length - 1 && start[same] === end[same]) same++;
  return [...start.slice(same).map(() => ".."), ...end.slice(same)].join("/");
}
