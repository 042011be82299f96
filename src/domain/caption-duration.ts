/** Subtitles are read at about 17 characters a second (the usual limit of broadcasters), after a second to notice them. */
const NOTICE_MS = 1000;
const PER_CHARACTER_MS = 60;
const SHORTEST_MS = 2000;
const LONGEST_MS = 15_000;

/** How long a line of captions stays when nobody said: by its length. */
export function captionDurationMs(text: string): number {
  const characters = [...text].length; // an emoji counts once
  return Math.min(Math.max(NOTICE_MS + PER_CHARACTER_MS * characters, SHORTEST_MS), LONGEST_MS);
}
