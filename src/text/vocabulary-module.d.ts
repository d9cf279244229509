declare module "*/bpe_simple_vocab_16e6.js" {
  const vocabulary: { readonly text: string };
  export default vocabulary;
}
