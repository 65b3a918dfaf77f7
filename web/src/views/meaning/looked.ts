/** What is looked at in the Meaning view, as the address carries it. */
import { EXAMPLES, LINE } from './sets';

export interface Axis {
  readonly from: string;
  readonly to: string;
}

export interface Looked {
  readonly sum: string;
  /** a ready set; empty: the words below */
  readonly set: string;
  readonly words: readonly string[];
  /** axes of the cloud that the person made, at most three */
  readonly axes: readonly Axis[];
  /** the token that is selected; -1: none */
  readonly word: number;
  readonly line: string;
  readonly on: string;
  readonly table: 'embedding' | 'unembedding';
}

const FIRST: Looked = {
  sum: EXAMPLES[0]?.sum ?? '',
  set: EXAMPLES[0]?.set ?? '',
  words: [],
  axes: [],
  word: -1,
  line: LINE.line,
  on: LINE.on,
  table: 'embedding',
};

/** The address is bounded, and so is a cloud. */
export const MOST_WORDS = 2000;
const MOST_LETTERS = 20_000;

const escape = (text: string) =>
  text.replace(/[%;>]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);

const unescape = (text: string) =>
  text.replace(/%(25|3b|3e)/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));

/** The words of a list; what stands in quotes is one word. A quote that is not closed makes none. */
export function splitWords(text: string): { words: string[]; unread: string[] } {
  const all = text.match(/'[^']+'(?=[\s,]|$)|[^\s,]+/g) ?? [];
  const reads = (word: string) => !word.startsWith("'") || /^'[^']+'$/.test(word);
  return { words: all.filter(reads), unread: all.filter((word) => !reads(word)) };
}

export function readLooked(selection: string): Looked {
  const found: Record<string, string> = {};
  for (const part of selection.slice(0, MOST_LETTERS).split(';')) {
    const at = part.indexOf('=');
    if (at > 0) {
      found[part.slice(0, at)] = part.slice(at + 1);
    }
  }
  const axes = ['x', 'y', 'z'].flatMap((name) => {
    const [from, to] = (found[name] ?? '').split('>').map(unescape);
    return from !== undefined && to !== undefined ? [{ from, to }] : [];
  });
  const text = (name: string, instead: string) =>
    found[name] === undefined ? instead : unescape(found[name]);
  const words = splitWords(text('words', '')).words.slice(0, MOST_WORDS);
  return {
    sum: text('sum', FIRST.sum),
    set: words.length > 0 ? '' : text('set', FIRST.set),
    words,
    axes,
    word: /^\d{1,7}$/.test(found['word'] ?? '') ? Number(found['word']) : -1,
    line: text('line', FIRST.line),
    on: text('on', FIRST.on),
    table: found['table'] === 'unembedding' ? 'unembedding' : 'embedding',
  };
}

export function writeLooked(looked: Looked): string {
  const parts: string[] = [];
  const put = (name: string, value: string, unless: string) => {
    if (value !== unless) {
      parts.push(`${name}=${value}`);
    }
  };
  put('sum', escape(looked.sum), escape(FIRST.sum));
  if (looked.words.length > 0) {
    put('words', escape(looked.words.join(' ')), '');
  } else {
    put('set', escape(looked.set), escape(FIRST.set));
  }
  looked.axes.forEach(({ from, to }, i) =>
    put('xyz'.charAt(i), `${escape(from)}>${escape(to)}`, ''),
  );
  put('word', looked.word >= 0 ? `${looked.word}` : '', '');
  put('line', escape(looked.line), escape(FIRST.line));
  put('on', escape(looked.on), escape(FIRST.on));
  put('table', looked.table, FIRST.table);
  return parts.join(';');
}
