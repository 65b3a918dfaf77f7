/** Where in the tour the reader is, as the address has it: `4.2` is the second step of the fourth chapter. */
import type { Chapter } from './step';

export interface Place {
  readonly chapter: number;
  readonly step: number;
}

export const START: Place = { chapter: 0, step: 0 };

/** What is no place of the tour is its start. */
export function readPlace(text: string, chapters: readonly Chapter[]): Place {
  const [, chapter, step] = /^(\d{1,2})\.(\d{1,2})$/.exec(text) ?? [];
  const place = { chapter: Number(chapter) - 1, step: Number(step) - 1 };
  return chapters[place.chapter]?.steps[place.step] ? place : START;
}

export function writePlace({ chapter, step }: Place): string {
  return `${chapter + 1}.${step + 1}`;
}

/** The place so many steps on (or back); null beyond the ends. */
export function onFrom(place: Place, by: 1 | -1, chapters: readonly Chapter[]): Place | null {
  const places = chapters.flatMap(({ steps }, chapter) =>
    steps.map((_, step) => ({ chapter, step })),
  );
  const now = places.findIndex((p) => p.chapter === place.chapter && p.step === place.step);
  return places[now + by] ?? null;
}
