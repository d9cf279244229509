/** How files of pictures end: one list for data sets, archives, and folders of photographs. */

/** Photographs that can be read here. */
export const readableEndings: ReadonlySet<string> = new Set(
  "jpg jpeg jpe jfif jif pjpeg pjp png apng webp avif tif tiff gif".split(" "),
);

/** Photographs of other kinds, which have to be converted: they are found, and then refused for what they are. */
const otherEndings =
  "heic heif bmp dib jp2 j2k jxl ppm pgm pnm psd tga exr hdr dng cr2 cr3 nef arw orf rw2 raf dcm".split(" ");

/** All that is taken for a photograph. */
export const photographEndings: ReadonlySet<string> = new Set([...readableEndings, ...otherEndings]);

/** All that is taken for a mask: PNG, TIFF, WebP, arrays; lossy and other files are found, and then refused. */
export const maskEndings: ReadonlySet<string> = new Set(
  "png apng tif tiff webp npy bmp dib gif jpg jpeg jpe jfif pgm ppm".split(" "),
);
