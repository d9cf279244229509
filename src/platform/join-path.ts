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
