/** What a folder needs that several programs read and write at the same time, such as a cache of downloads. */

/** A file that grows in place: bytes have their position, so that writing them twice changes nothing. */
export interface PartFile {
  /** Bytes that it had when it was opened. */
  readonly size: number;
  write(bytes: Uint8Array, position: number): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Syncs to disk and closes. */
  close(): Promise<void>;
}

export interface SharedFiles {
  /**
   * Bytes of a file, when it was last written (milliseconds since 1970), and what all names of it have in common, links of
   * either kind; null: there is none.
   */
  fileFacts(path: string): Promise<{ readonly size: number; readonly changed: number; readonly id: string } | null>;
  /** Files below a folder, within it and sorted; of links those that lead to a file. None where there is no such folder. */
  filesBelow(folder: string): Promise<string[]>;
  /**
   * Opens a file to be written in parts; it and its folders are made if need be. Throws InputError, as all of these; also
   * where it is a link.
   */
  openPart(path: string): Promise<PartFile>;
  /** Hash of `prefix` and a file's bytes, in hexadecimal digits; reads in pieces. */
  hashFile(path: string, algorithm: "sha1" | "sha256", prefix?: string, signal?: AbortSignal): Promise<string>;
  /** Copies to where nothing is. */
  copyFile(from: string, to: string): Promise<void>;
  /**
   * Makes `path` another name of the file `target`, in place of what it was: a relative symbolic link; where the system
   * has none a hard link, else a copy. Never there by halves.
   */
  link(path: string, target: string): Promise<void>;
  /**
   * Takes a lock, a file of that name, until the result is called; null where another one has it. A lock whose process has
   * ended, or on another machine has not been renewed for a minute, is taken over.
   */
  takeLock(path: string): Promise<(() => Promise<void>) | null>;
}
