/** What of Change is open, as the address carries it. */
import { readChange, readPart, writeChange, writePart, type Change, type Part } from './changes';

export const SHADES = ['logit', 'length', 'previous', 'induction', 'duplicate', 'first'] as const;
export type Shade = (typeof SHADES)[number];

export const SWEEPS = ['resid_pre', 'attn_out', 'mlp_out', 'heads'] as const;
export type Sweep = (typeof SWEEPS)[number];

export interface Open {
  readonly changes: readonly Change[];
  /** the second prompt */
  readonly other: string;
  readonly shade: Shade;
  /** whether the map shows the run as it is changed */
  readonly changed: boolean;
  readonly part: Part | null;
  readonly token: number;
  /** tokens whose logits are compared; -1: the likeliest */
  readonly id: number;
  readonly against: number;
  readonly sweep: Sweep;
  readonly gradient: boolean;
}

const MOST = 64;

export function readOpen(selection: string): Open {
  const from = new URLSearchParams(selection);
  const number = (key: string) => {
    const text = from.get(key) ?? '';
    return /^\d{1,7}$/.test(text) ? Number(text) : -1;
  };
  return {
    changes: from
      .getAll('c')
      .slice(0, MOST)
      .flatMap((text) => readChange(text) ?? []),
    other: from.get('o') ?? '',
    shade: SHADES.find((one) => one === from.get('s')) ?? 'logit',
    changed: from.get('m') === 'changed',
    part: readPart(from.get('p') ?? ''),
    token: number('t'),
    id: number('a'),
    against: number('b'),
    sweep: SWEEPS.find((one) => one === from.get('w')) ?? 'resid_pre',
    gradient: from.get('g') === '1',
  };
}

export function writeOpen(open: Open): string {
  const to = new URLSearchParams();
  const put = (key: string, value: string | number, unless: string | number) => {
    if (value !== unless) {
      to.set(key, `${value}`);
    }
  };
  open.changes.slice(-MOST).forEach((change) => to.append('c', writeChange(change)));
  put('o', open.other, '');
  put('s', open.shade, 'logit');
  put('m', open.changed ? 'changed' : '', '');
  put('p', writePart(open.part), '');
  put('t', open.token, -1);
  put('a', open.id, -1);
  put('b', open.against, -1);
  put('w', open.sweep, 'resid_pre');
  put('g', open.gradient ? '1' : '', '');
  return to.toString();
}
