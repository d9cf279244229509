/** Most pixels of an image: a photograph of 12,000 x 9,000 fits, a file made to exhaust memory does not. */
export const maxPixels = 300_000_000;
