/**
 * Nouns and verbs of captions that name nothing to be seen: that it is a picture, where in it something lies, that there is something. A
 * third of the words of the drawn scenes' captions are these.
 */
export const pictureWords: readonly string[] = [
  ...["image", "images", "photo", "photos", "photograph", "photographs", "drawing", "drawings"],
  ...["view", "scene", "side", "middle", "centre", "center", "left", "right", "front", "top", "bottom"],
  ...["is", "are", "be", "was", "were", "has", "have", "can", "see", "seen", "shows", "showing"],
];
