/** What we use of Hugging Face's own library, so that the rest of it is not loaded or shipped. */
export { listFiles, modelInfo } from "@huggingface/hub";
