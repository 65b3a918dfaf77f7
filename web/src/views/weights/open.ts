/** What of the weights is open, as the address carries it: `gpt3*blk.0.attn_q.weight*r0-64*c0-64`. */
import type { Window } from './calls';

/** Shapes that are known without weights. */
export const PRESETS = ['gpt2', 'gpt2-medium', 'gpt2-large', 'gpt2-xl', 'gpt3'] as const;

export interface Open {
  /** a shape in place of the model; empty: the model */
  readonly preset: string;
  /** the name of a tensor; empty: none */
  readonly tensor: string;
  /** null: all of it */
  readonly window: Window | null;
  /** areas are bytes in the file, not numbers */
  readonly bytes: boolean;
  /** grouped by layer first, not by kind */
  readonly byLayer: boolean;
}

export function readOpen(selection: string): Open {
  const parts = selection.split('*');
  const range = (letter: string): readonly [number, number] | null => {
    for (const part of parts) {
      const found = new RegExp(`^${letter}(\\d{1,9})-(\\d{1,9})$`).exec(part);
      if (found && Number(found[1]) < Number(found[2])) {
        return [Number(found[1]), Number(found[2])];
      }
    }
    return null;
  };
  const rows = range('r');
  const cols = range('c');
  return {
    preset: PRESETS.find((preset) => parts.includes(preset)) ?? '',
    tensor: parts.find((part) => /^[\w.]{1,100}\.(weight|bias)$/.test(part)) ?? '',
    window: rows && cols ? { rows, cols } : null,
    bytes: parts.includes('bytes'),
    byLayer: parts.includes('layers'),
  };
}

export function writeOpen({ preset, tensor, window, bytes, byLayer }: Open): string {
  return [
    preset,
    bytes ? 'bytes' : '',
    byLayer ? 'layers' : '',
    tensor,
    ...(tensor !== '' && window ? [`r${window.rows.join('-')}`, `c${window.cols.join('-')}`] : []),
  ]
    .filter((part) => part !== '')
    .join('*');
}
