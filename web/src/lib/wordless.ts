/** Models without a tokenizer: they read ids, and the server calls their tokens #0, #1 and so on. */
export function wordless(vocabulary: readonly string[]): boolean {
  const last = vocabulary.length - 1;
  return last >= 0 && vocabulary[0] === '#0' && vocabulary[last] === `#${last}`;
}

/** The ids that a person has typed instead of words; what is none is left out. */
export function idsIn(text: string, size: number): number[] {
  return text
    .split(/[\s,]+/)
    .filter((word) => /^#?\d{1,7}$/.test(word))
    .map((word) => Number(word.replace('#', '')))
    .filter((id) => id < size);
}
