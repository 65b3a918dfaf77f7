/** Changes of a run: as the address carries them, as people read them, and as the server takes them. */
import { significant, visible } from '../../lib/number';

export const KINDS = ['zero', 'mean', 'scale', 'patch', 'steer', 'cut'] as const;
export type ChangeKind = (typeof KINDS)[number];

export interface Change {
  readonly kind: ChangeKind;
  /** a place by the server's name; of an edge `layer.head.query.key` */
  readonly at: string;
  /** of scale: what is multiplied with; of steer: the length of what is added */
  readonly factor: number;
  /** of steer: the sum of words that gives the direction */
  readonly words: string;
  /** one that is switched off stays in the list */
  readonly on: boolean;
}

export function change(
  kind: ChangeKind,
  at: string,
  { factor = 1, words = '' }: { factor?: number; words?: string } = {},
): Change {
  return { kind, at, factor, words, on: true };
}

/** Two changes of the same kind at the same place: the later one takes the place of the other. */
export function same(a: Change, b: Change): boolean {
  return a.kind === b.kind && a.at === b.at;
}

export function writeChange({ kind, at, factor, words, on }: Change): string {
  const parts: (string | number)[] = [kind, at];
  if (kind === 'scale' || kind === 'steer') {
    parts.push(factor);
  }
  if (kind === 'steer') {
    parts.push(words);
  }
  return (on ? '' : '~') + parts.join('|');
}

/** Null for what is no change. */
export function readChange(text: string): Change | null {
  const on = !text.startsWith('~');
  const [kind = '', at = '', factor = '1', ...words] = (on ? text : text.slice(1)).split('|');
  const known = KINDS.find((one) => one === kind);
  const number = Number(factor);
  if (!known || !Number.isFinite(number) || (known === 'cut' ? !readEdge(at) : !readPlace(at))) {
    return null;
  }
  return { kind: known, at, factor: number, words: words.join('|').slice(0, 200), on };
}

export interface Place {
  readonly layer: number;
  /** -1: no head */
  readonly head: number;
  readonly hook: string;
  /** neurons, the end not among them; -1: all */
  readonly from: number;
  readonly to: number;
  /** -1: all tokens */
  readonly token: number;
}

const PLACE =
  /^(?:L(\d{1,5})H(\d{1,5})|blocks\.(\d{1,5})\.(hook_resid_pre|hook_resid_post|hook_attn_out|hook_mlp_out|mlp\.hook_post)(?:\[(\d{1,7}):(\d{1,7})\])?)(?:@(\d{1,7}))?$/;

export function readPlace(at: string): Place | null {
  const found = PLACE.exec(at);
  if (!found) {
    return null;
  }
  const number = (group: number) => (found[group] === undefined ? -1 : Number(found[group]));
  return {
    layer: Math.max(number(1), number(3)),
    head: number(2),
    hook: found[4] ?? '',
    from: number(5),
    to: number(6),
    token: number(7),
  };
}

export interface Edge {
  readonly layer: number;
  readonly head: number;
  readonly query: number;
  readonly key: number;
}

export function readEdge(at: string): Edge | null {
  const found = /^(\d{1,5})\.(\d{1,5})\.(\d{1,5})\.(\d{1,5})$/.exec(at);
  const [layer = 0, head = 0, query = 0, key = 0] = (found ?? []).slice(1).map(Number);
  return found ? { layer, head, query, key } : null;
}

/** A part of the model that can be chosen on the map. */
export type Part =
  | { readonly kind: 'head'; readonly layer: number; readonly head: number }
  | { readonly kind: 'mlp'; readonly layer: number }
  | { readonly kind: 'stream'; readonly layer: number; readonly token: number };

export function writePart(part: Part | null): string {
  switch (part?.kind) {
    case 'head':
      return `L${part.layer}H${part.head}`;
    case 'mlp':
      return `L${part.layer}M`;
    case 'stream':
      return `L${part.layer}T${part.token}`;
    default:
      return '';
  }
}

export function readPart(text: string): Part | null {
  const found = /^L(\d{1,5})(?:(M)|H(\d{1,5})|T(\d{1,5}))$/.exec(text);
  if (!found) {
    return null;
  }
  const layer = Number(found[1]);
  if (found[2]) {
    return { kind: 'mlp', layer };
  }
  return found[3] === undefined
    ? { kind: 'stream', layer, token: Number(found[4]) }
    : { kind: 'head', layer, head: Number(found[3]) };
}

/** The stream before a block; behind the last block where there is no such block. */
export function streamHook(layer: number, layers: number): string {
  return layer < layers ? `blocks.${layer}.hook_resid_pre` : `blocks.${layers - 1}.hook_resid_post`;
}

/** The name of a part for the server, at all tokens. */
export function placeOf(part: Part, layers: number): string {
  switch (part.kind) {
    case 'head':
      return `L${part.layer}H${part.head}`;
    case 'mlp':
      return `blocks.${part.layer}.hook_mlp_out`;
    case 'stream':
      return streamHook(part.layer, layers);
  }
}

/** The part of the map that a change is at; null for a place that the map does not have. */
export function partOf({ kind, at }: Change): Part | null {
  if (kind === 'cut') {
    const edge = readEdge(at);
    return edge && { kind: 'head', layer: edge.layer, head: edge.head };
  }
  const place = readPlace(at);
  if (!place || place.hook === 'hook_attn_out') {
    return null;
  }
  if (place.head >= 0) {
    return { kind: 'head', layer: place.layer, head: place.head };
  }
  return place.hook.startsWith('hook_resid')
    ? {
        kind: 'stream',
        layer: place.layer + (place.hook === 'hook_resid_post' ? 1 : 0),
        token: Math.max(0, place.token),
      }
    : { kind: 'mlp', layer: place.layer };
}

const quoted = (text: string | undefined) => `\u201c${visible(text ?? '?')}\u201d`;

/** A place in words. */
export function placeText(at: string, texts: readonly string[]): string {
  const place = readPlace(at);
  if (!place) {
    return at;
  }
  const { layer, head, hook, from, to, token } = place;
  const where = token >= 0 ? ` at ${quoted(texts[token])}` : '';
  if (head >= 0) {
    return `head ${head} of block ${layer}${where}`;
  }
  switch (hook) {
    case 'hook_mlp_out':
      return `MLP of block ${layer}${where}`;
    case 'hook_attn_out':
      return `attention of block ${layer}${where}`;
    case 'mlp.hook_post':
      return (
        (from < 0
          ? `neurons of block ${layer}`
          : to - from === 1
            ? `neuron ${from} of block ${layer}`
            : `neurons ${from} to ${to - 1} of block ${layer}`) + where
      );
    default:
      return `${token >= 0 ? `vector of ${quoted(texts[token])}` : 'all vectors'} ${
        hook === 'hook_resid_pre' ? 'before' : 'behind'
      } block ${layer}`;
  }
}

/** A change in words. */
export function changeText({ kind, at, factor, words }: Change, texts: readonly string[]): string {
  const place = placeText(at, texts);
  switch (kind) {
    case 'zero':
      return `${place}: off`;
    case 'mean':
      return `${place}: its mean`;
    case 'scale':
      return `${place}: \u00d7 ${significant(factor, 3)}`;
    case 'patch':
      return `${place}: from the second prompt`;
    case 'steer':
      return `${place}: ${significant(factor, 3)} along ${words}`;
    case 'cut': {
      const edge = readEdge(at);
      return edge
        ? `head ${edge.head} of block ${edge.layer}: ${quoted(texts[edge.query])} does not see ${quoted(texts[edge.key])}`
        : at;
    }
  }
}

/** What a change needs to be said to the server. */
export interface Context {
  readonly tokens: number;
  /** tokens of the second prompt, if it is as long as the first */
  readonly other: readonly number[] | null;
  readonly find: (word: string) => number | undefined;
}

/** A change as the server takes it, or why it cannot be. */
export type Wire =
  { readonly body: object; readonly why: '' } | { readonly body: null; readonly why: string };

const cannot = (why: string): Wire => ({ body: null, why });

export function wire(one: Change, { tokens, other, find }: Context): Wire {
  const { kind, at, factor, words } = one;
  if (kind === 'cut') {
    const edge = readEdge(at);
    return edge && edge.query < tokens
      ? { body: { kind, ...edge }, why: '' }
      : cannot('this text is too short for it');
  }
  if ((readPlace(at)?.token ?? -1) >= tokens) {
    return cannot('this text is too short for it');
  }
  switch (kind) {
    case 'patch':
      return other
        ? { body: { kind, at, from_ids: other }, why: '' }
        : cannot('it needs a second prompt with as many tokens');
    case 'scale':
      return { body: { kind, at, factor }, why: '' };
    case 'steer': {
      const sum = sumOf(words, find);
      return sum.why === ''
        ? { body: { kind, at, factor, plus: sum.plus, minus: sum.minus }, why: '' }
        : cannot(sum.why);
    }
    default:
      return { body: { kind, at }, why: '' };
  }
}

export interface Sum {
  readonly plus: readonly number[];
  readonly minus: readonly number[];
  readonly why: string;
}

/** A sum of words, as `loupe explain --steer` reads it: blanks stand around + and −. */
export function sumOf(text: string, find: (word: string) => number | undefined): Sum {
  const plus: number[] = [];
  const minus: number[] = [];
  let sign = plus;
  let wanted = true;
  for (const term of text.trim().match(/'[^']+'|\S+/g) ?? []) {
    if (term === '+' || term === '-' || term === '\u2212') {
      sign = term === '+' ? plus : minus;
      wanted = true;
    } else if (wanted) {
      const id = find(term);
      if (id === undefined) {
        return { plus, minus, why: `${term} is no single token of this model` };
      }
      sign.push(id);
      wanted = false;
    } else {
      return { plus, minus, why: 'words of a sum have + or - between them' };
    }
  }
  return wanted
    ? { plus, minus, why: 'type a word, or a sum such as cats - cat' }
    : { plus, minus, why: '' };
}

/** Finds the token of a word: with a blank before it if there is one such; 'so' as it stands; #12 by its id. */
export function finder(vocabulary: readonly string[]): (word: string) => number | undefined {
  const ids = new Map<string, number>();
  vocabulary.forEach((text, id) => {
    if (!ids.has(text)) {
      ids.set(text, id);
    }
  });
  return (word) => {
    const number = /^#(\d{1,7})$/.exec(word)?.[1];
    if (number !== undefined && Number(number) < vocabulary.length) {
      return Number(number);
    }
    const exact = /^'(.+)'$/.exec(word)?.[1];
    return exact === undefined ? (ids.get(` ${word}`) ?? ids.get(word)) : ids.get(exact);
  };
}
