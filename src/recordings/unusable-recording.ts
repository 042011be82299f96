/** The recording itself cannot become a file; the sentence is for the user. */
export class UnusableRecording extends Error {
  constructor(sentence: string, cause?: unknown) {
    super(sentence, { cause });
    this.name = 'UnusableRecording';
  }
}
