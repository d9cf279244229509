/**
 * Segments one photograph with a trained run, and says what is in it.
 *
 *     npx tsx examples/predict.ts run holiday.jpg mask.png
 */
import { nodePlatform, openEngine, openRun, openSegmenter } from "tessera-seg";

const [run, photograph, maskFile] = process.argv.slice(2);
if (maskFile === undefined) {
  console.error("Usage: npx tsx examples/predict.ts RUN PHOTOGRAPH MASK.png");
  process.exit(2);
}

const engine = await openEngine();
try {
  const segmenter = await openSegmenter(engine, await openRun(nodePlatform, run));
  const { labels, areas } = await segmenter.segment(await nodePlatform.decodeImage(photograph));

  const { classes } = segmenter.card;
  const pixels = labels.width * labels.height;
  for (const [index, { name }] of classes.entries()) {
    if (areas[index] > 0) console.log(`${name}: ${((100 * areas[index]) / pixels).toFixed(1)} %`);
  }
  const mask = { ...labels, data: Uint8Array.from(labels.data), palette: classes.map(({ color }) => color) };
  await nodePlatform.writeFile(maskFile, await nodePlatform.encodeIndexedPng(mask));
} finally {
  await engine.close();
}
