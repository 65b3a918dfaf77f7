/** The chapters of the tour in their order; the last is the epilogue. */
import { directions } from './chapters/directions';
import { epilogue } from './chapters/epilogue';
import { flow } from './chapters/flow';
import { gpt } from './chapters/gpt';
import { loop } from './chapters/loop';
import { temperature } from './chapters/temperature';
import { uses } from './chapters/uses';
import type { Chapter } from './step';

export const CHAPTERS: readonly Chapter[] = [
  gpt,
  uses,
  loop,
  flow,
  directions,
  temperature,
  epilogue,
];
