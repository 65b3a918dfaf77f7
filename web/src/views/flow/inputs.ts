/** Where the inputs of a number stand in the picture: all of a strip, or some places of it. */
import type { Derivation } from '../../lib/api';

export type Lit = 'all' | readonly number[] | undefined;

/** Of more places than these the whole strip is meant. */
const SINGLE = 8;

interface Asked {
  readonly hook: string;
  readonly index: readonly number[];
}

/**
 * What of a strip is an input of the number that is asked about.
 *
 * @param share heads of queries for each head of keys
 * @param name the strip's hook, `index` its place before the last axis
 */
export function lit(
  { hook, index: at }: Asked,
  terms: Derivation['terms'],
  share: number,
  name: string,
  index: readonly number[],
): Lit {
  const layer = /^blocks\.\d+\./.exec(hook)?.[0] ?? '';
  const [token = 0, head = 0] = index;
  if (hook.endsWith('.hook_attn_scores')) {
    const [h = 0, query = 0, key = 0] = at;
    const one = index.length === 2 && terms.length > 0;
    const isQuery = /^attn\.hook_(rot_)?q$/.test(name.slice(layer.length));
    const isKey = /^attn\.hook_(rot_)?k$/.test(name.slice(layer.length));
    const here = name.startsWith(layer) && one;
    return here &&
      ((isQuery && token === query && head === h) ||
        (isKey && token === key && head === Math.floor(h / share)))
      ? 'all'
      : undefined;
  }
  if (hook.endsWith('.hook_z')) {
    const [, h = 0, place = 0] = at;
    const read = terms.some((term) => term.index === token);
    const value = name === `${layer}attn.hook_v` && head === Math.floor(h / share);
    return value && read && index.length === 2 ? [place] : undefined;
  }
  const own = terms.filter((term) => term.name === name);
  if (own.length === 0 || token !== at[0]) {
    return undefined;
  }
  const ofHeads = at.length === 3;
  if (index.length === 2 && ofHeads && head !== at[1]) {
    return undefined;
  }
  const places = own.flatMap((term) => (typeof term.index === 'number' ? [term.index] : []));
  return places.length > SINGLE ? 'all' : places;
}
