/** Words to begin with. Those that a model has no token for are left out there. */

import type { Axis } from './looked';

export interface WordSet {
  readonly id: string;
  readonly name: string;
  readonly words: readonly string[];
  /** words belong together two by two, and a line joins them */
  readonly paired: boolean;
  /** an axis that says something about them */
  readonly axis: Axis;
}

const list = (words: string) => words.split(' ');

export const SETS: readonly WordSet[] = [
  {
    id: 'family',
    name: 'he and she',
    words: list(
      'man woman men women boy girl boys girls he she him her father mother son daughter ' +
        'brother sister husband wife uncle aunt king queen prince princess actor actress',
    ),
    paired: true,
    axis: { from: 'man boy king', to: 'woman girl queen' },
  },
  {
    id: 'countries',
    name: 'countries and capitals',
    words: list(
      'France Paris Germany Berlin Italy Rome Spain Madrid England London Russia Moscow ' +
        'Japan Tokyo China Beijing Egypt Cairo Greece Athens Austria Vienna Poland Warsaw',
    ),
    paired: true,
    axis: { from: 'France Japan Egypt', to: 'Paris Tokyo Cairo' },
  },
  {
    id: 'numbers',
    name: 'numbers',
    words: list(
      'one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty ' +
        'hundred thousand million billion first second third fourth fifth',
    ),
    paired: false,
    axis: { from: 'one two three', to: 'first second third' },
  },
  {
    id: 'animals',
    name: 'animals, one and many',
    words: list(
      'cat cats dog dogs horse horses bird birds cow cows pig pigs rabbit rabbits snake snakes ' +
        'bear bears wolf wolves mouse mice monkey monkeys insect insects animal animals',
    ),
    paired: true,
    axis: { from: 'cat dog horse', to: 'cats dogs horses' },
  },
];

export interface Example {
  readonly sum: string;
  readonly set: string;
}

/** Sums that Space goes through. */
export const EXAMPLES: readonly Example[] = [
  { sum: 'woman - man + king', set: 'family' },
  { sum: 'Japan - Germany + Berlin', set: 'countries' },
  { sum: 'Italy - Germany + Hitler', set: 'countries' },
  { sum: 'cats - cat + dog', set: 'animals' },
  { sum: 'seven', set: 'numbers' },
];

/** For a model without a tokenizer, which has no words. */
export const UNNAMED: readonly Example[] = [
  { sum: '#1', set: '' },
  { sum: '#1 - #2 + #3', set: '' },
];
export const UNNAMED_WORDS: readonly string[] = Array.from({ length: 24 }, (_, id) => `#${id}`);

export const LINE = {
  line: 'cats - cat',
  on: 'one two three four cat cats puppy puppies child children',
};
