/** Formats of photographs and captions alone, by name. */

export interface CaptionFormat {
  /** As given to `--layout`. */
  readonly name: string;
  /** One line: what it is. */
  readonly about: string;
  /** Drawn, for messages and documentation. */
  readonly drawing: string;
}

/** Formats of pairs of photographs and captions. */
export const captionFormats = [
  {
    name: "webdataset",
    about: "WebDataset: tar archives of photographs and captions",
    drawing: `
shards/{00000..00331}.tar, {00000,00007}.tar, *.tar, one archive, or a folder of them, also in folders inside
  000000012.jpg        or .png, .webp
  000000012.txt        a caption, or 000000012.json with "caption"`.trim(),
  },
  {
    name: "caption-table",
    about: "a table of photographs and captions: CSV, TSV, JSON lines, a JSON array",
    drawing: `
pairs.csv, .tsv, .jsonl (.ndjson), .json, .parquet; or a folder with captions.csv (.tsv, .jsonl), or with one table
  image,caption                          names of the columns; or no names, and two columns: caption, photograph
  photos/a.jpg,"A red car, parked."      as named below the folder that the table is in
  {"image": "photos/a.jpg", "caption": "A red car, parked."}      .jsonl: a line each; .json: in [ ], with commas between`.trim(),
  },
  {
    name: "imagefolder",
    about: "a Hugging Face image folder with captions",
    drawing: `
FOLDER/                   or FOLDER/train, FOLDER/val (validation), FOLDER/test
  metadata.jsonl          or metadata.csv, metadata.parquet: file_name and text (or caption)
  photos/a.jpg`.trim(),
  },
  {
    name: "text-beside-image",
    about: "a folder of photographs with a text file beside each",
    drawing: `
FOLDER/                   or FOLDER/train, FOLDER/val, FOLDER/test; also in folders inside
  NAME.jpg
  NAME.txt                sentences about it, one a line`.trim(),
  },
] as const satisfies readonly CaptionFormat[];

export type CaptionFormatName = (typeof captionFormats)[number]["name"];

/** Files of one split. */
export interface CaptionFiles {
  readonly format: CaptionFormatName;
  /** Archives, or one table; for texts beside photographs, the folders. */
  readonly files: readonly string[];
  /** The folder that tables name photographs from. */
  readonly folder: string;
}
