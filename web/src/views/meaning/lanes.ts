/** Puts words that lie close together on a line one above the other. */
export interface OnLine {
  readonly x: number;
  readonly text: string;
}

/** The lowest lane in which each has room; they come from left to right. */
export function lanes<T extends OnLine>(
  words: readonly T[],
  letter: number,
): (T & { lane: number })[] {
  const ends: number[] = [];
  return words.map((word) => {
    const free = ends.findIndex((end) => end < word.x);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = word.x + word.text.length * letter + 10;
    return { ...word, lane };
  });
}
