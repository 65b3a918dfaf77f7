/** The views that there are. A new one is a line here: see README.md. */
import type { Component } from 'svelte';
import Change from './change/Change.svelte';
import Compare from './compare/Compare.svelte';
import Flow from './flow/Flow.svelte';
import Generate from './generate/Generate.svelte';
import Meaning from './meaning/Meaning.svelte';
import Tour from './tour/Tour.svelte';
import Weights from './weights/Weights.svelte';

export interface View {
  /** in the address */
  readonly id: string;
  readonly name: string;
  readonly does: string;
  readonly component: Component;
  /** it looks at no text, so it is there without one */
  readonly textless?: boolean;
  readonly keys: readonly (readonly [key: string, does: string])[];
}

export const VIEWS: readonly View[] = [
  {
    id: 'tour',
    name: 'Tour',
    does: 'what all this is',
    component: Tour,
    textless: true,
    keys: [
      ['Space', 'one step on'],
      ['\u2190 \u2192', 'a step back, a step on'],
    ],
  },
  {
    id: 'generate',
    name: 'Generate',
    does: 'how the next token is chosen',
    component: Generate,
    keys: [
      ['Space', 'draw a token; then append it'],
      ['p', 'play, and stop'],
      ['Backspace', 'one token back'],
    ],
  },
  {
    id: 'flow',
    name: 'Flow',
    does: 'how the model gets there',
    component: Flow,
    keys: [
      ['Space', 'one stage on'],
      ['\u2190 \u2192', 'a stage back, a stage on'],
      ['\u2191 \u2193', 'the token above, the token below'],
      ['o', 'open or close the block of the stage'],
      ['Esc', 'close what is open'],
    ],
  },
  {
    id: 'meaning',
    name: 'Meaning',
    does: 'what vectors of words say',
    component: Meaning,
    textless: true,
    keys: [
      ['Space', 'the next example'],
      ['\u2190 \u2192 \u2191 \u2193', 'turn the cloud, when it has the focus'],
      ['+ -', 'the cloud nearer, further'],
      ['Esc', 'close the chosen word'],
    ],
  },
  {
    id: 'change',
    name: 'Change',
    does: 'what each part does to the answer',
    component: Change,
    keys: [
      ['Space', 'switch off the strongest part, or take the strongest place of the sweep'],
      ['Backspace', 'take back the last change'],
      ['\u2190 \u2192 \u2191 \u2193', 'go over the map, once a cell has the focus'],
      ['Enter', 'choose the cell'],
      ['Esc', 'close the part'],
    ],
  },
  {
    id: 'weights',
    name: 'Weights',
    does: 'what the model has learned',
    component: Weights,
    textless: true,
    keys: [
      ['Space', 'the next matrix'],
      ['\u2190 \u2192', 'in the areas: the tensor before, the next'],
      ['\u2191 \u2193', 'in the areas: the same of the block before, of the next'],
      ['+ \u2212 0', 'in the picture: nearer, further, all of it'],
    ],
  },
  {
    id: 'compare',
    name: 'Compare',
    does: 'two models or texts side by side',
    component: Compare,
    keys: [
      ['Space', 'one stage on'],
      ['\u2190 \u2192', 'a stage back, a stage on'],
      ['\u2191 \u2193', 'the token above, the token below'],
      ['Esc', 'close what is open'],
    ],
  },
];
