/** Sizes beyond which a file is not what its name says, or was made to exhaust memory: asked before it is read. */

/** Most bytes of a file that describes something: classes, a recipe, a record, scores. */
export const descriptionBytes = 16 * 2 ** 20;

/** Most bytes of a file of many lines: the names of a split, the log of a run, COCO's annotation (130 MiB). */
export const listBytes = 256 * 2 ** 20;

/** Most pixels of an image: a photograph of 12,000 x 9,000 fits, a file made to exhaust memory does not. */
export const maxPixels = 300_000_000;
