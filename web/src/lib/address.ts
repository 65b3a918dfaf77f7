/** What the address carries, so that a link shows what I see. It stands behind #, which no server is sent. */
import { NEUTRAL, type Sampling } from './sampling';

export interface Address {
  model: string;
  prompt: string;
  view: string;
  /** ids that were drawn behind the prompt */
  drawn: number[];
  seed: number;
  sampling: Sampling;
  /** what a view has selected, in its own words */
  selection: string;
  /** where the reader of the tour is; the selection is that of the view beside the text */
  tour: string;
}

export const FIRST: Address = {
  model: '',
  prompt: 'The capital of France is',
  view: 'generate',
  drawn: [],
  seed: 42,
  sampling: NEUTRAL,
  selection: '',
  tour: '',
};

/** A number within limits, or what stands instead where it is none. */
export function within(text: string | null, least: number, most: number, instead: number): number {
  const value = text === null || text.trim() === '' ? Number.NaN : Number(text);
  return value >= least && value <= most ? value : instead;
}

const LARGEST_SEED = Number.MAX_SAFE_INTEGER;

export function read(hash: string): Address {
  const from = new URLSearchParams(hash.replace(/^#/, ''));
  const whole = (text: string | null, most: number, instead: number) =>
    Math.trunc(within(text, 0, most, instead));
  return {
    model: from.get('model') ?? FIRST.model,
    prompt: from.get('prompt') ?? FIRST.prompt,
    view: from.get('view') ?? FIRST.view,
    drawn: (from.get('drawn') ?? '')
      .split('.')
      .filter((id) => /^\d{1,7}$/.test(id))
      .map(Number)
      .slice(0, 1024),
    seed: whole(from.get('seed'), LARGEST_SEED, FIRST.seed),
    sampling: {
      temperature: within(from.get('t'), 0, 2, NEUTRAL.temperature),
      topK: whole(from.get('k'), 1e7, NEUTRAL.topK),
      topP: within(from.get('p'), 0.01, 1, NEUTRAL.topP),
      minP: within(from.get('m'), 0, 1, NEUTRAL.minP),
    },
    selection: from.get('at') ?? '',
    tour: from.get('tour') ?? '',
  };
}

export function write(address: Address): string {
  const to = new URLSearchParams();
  const put = (key: string, value: string, unless: string) => {
    if (value !== unless) {
      to.set(key, value);
    }
  };
  put('model', address.model, '');
  to.set('prompt', address.prompt);
  to.set('view', address.view);
  put('drawn', address.drawn.join('.'), '');
  put('seed', `${address.seed}`, `${FIRST.seed}`);
  put('t', `${address.sampling.temperature}`, `${NEUTRAL.temperature}`);
  put('k', `${address.sampling.topK}`, `${NEUTRAL.topK}`);
  put('p', `${address.sampling.topP}`, `${NEUTRAL.topP}`);
  put('m', `${address.sampling.minP}`, `${NEUTRAL.minP}`);
  put('at', address.selection, '');
  put('tour', address.view === 'tour' ? address.tour : '', '');
  return `#${to.toString()}`;
}
