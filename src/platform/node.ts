/** The platform of Node: files by `node:fs`, pictures by sharp. */

import { sourceOf } from "./byte-source.ts";
import {
  appendToFile,
  existsOnDisk,
  homeFolder,
  listFolder,
  moveFile,
  readWholeFile,
  readWholeText,
  removeFromDisk,
  withFile,
  writeWholeFile,
} from "./node-files.ts";
import {
  decodePhotograph,
  decodeStoredMask,
  encodeGrey16Png,
  encodePhotograph,
  sizeOfPhotograph,
} from "./node-images.ts";
import { lockFolder } from "./node-lock.ts";
import { nodeSharedFiles } from "./node-shared-files.ts";
import type { Platform } from "./platform.ts";
import { decodePng } from "./png-read.ts";
import { encodeIndexedPng } from "./png-write.ts";

/** What the library needs of the machine, by Node: files, pictures, locks. */
export const nodePlatform: Platform = {
  environment: process.env,
  home: homeFolder,
  readFile: readWholeFile,
  readText: readWholeText,
  withFile,
  writeFile: writeWholeFile,
  appendFile: appendToFile,
  rename: moveFile,
  remove: removeFromDisk,
  list: listFolder,
  exists: existsOnDisk,
  lock: lockFolder,
  shared: nodeSharedFiles,
  decodeImage: (path) => decodePhotograph(path),
  decodeImageBytes: (bytes, where) => decodePhotograph(where, bytes),
  imageSize: sizeOfPhotograph,
  decodeMask: decodeStoredMask,
  decodeMaskBytes: (bytes, where) => decodePng(sourceOf(bytes), where),
  encodeIndexedPng,
  encodeGrey16Png,
  encodeImage: encodePhotograph,
};
