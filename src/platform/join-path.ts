/** Joins path pieces by "/", which every platform understands. */
export function joinPath(...pieces: readonly string[]): string {
  return pieces.map((piece, i) => (i < pieces.length - 1 ? piece.replace(/\/+$/, "") : piece)).join("/");
}
