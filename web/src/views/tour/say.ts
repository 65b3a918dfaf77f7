/** Sentences with terms in bold and tokens set apart. Nothing in them is ever read as HTML. */
export interface Part {
  readonly text: string;
  readonly as: 'plain' | 'term' | 'token';
}

export type Sentence = readonly Part[];

/** A token, or a piece of text that a model reads or writes: its blanks are seen. */
export interface Written {
  readonly written: string;
}

export const written = (text: string): Written => ({ written: text });

/**
 * Makes a paragraph. What stands between two stars in the template is a term, for the first time; what
 * comes through a hole is shown as it is, stars and all.
 */
export function say(
  template: TemplateStringsArray,
  ...holes: readonly (string | number | Written | Sentence)[]
): Sentence {
  const parts: Part[] = [];
  let term = false;
  template.forEach((text, i) => {
    text
      .replace(/\s+/g, ' ')
      .split('*')
      .forEach((piece, j) => {
        term = j > 0 ? !term : term;
        add(parts, { text: piece, as: term ? 'term' : 'plain' });
      });
    const hole = holes[i];
    if (hole === undefined) {
      return;
    }
    if (typeof hole === 'object' && 'written' in hole) {
      add(parts, { text: hole.written, as: 'token' });
    } else if (typeof hole === 'object') {
      hole.forEach((part) => add(parts, part));
    } else {
      add(parts, { text: `${hole}`, as: term ? 'term' : 'plain' });
    }
  });
  return parts;
}

function add(parts: Part[], part: Part): void {
  const last = parts.at(-1);
  if (part.text === '') {
    return;
  }
  if (last && last.as === part.as && part.as !== 'token') {
    parts[parts.length - 1] = { text: last.text + part.text, as: part.as };
  } else {
    parts.push(part);
  }
}

/** Two or more tokens in a row, each set apart: “·a”, “·b” and “·c”. */
export function listed(texts: readonly string[]): Sentence {
  return texts.flatMap((text, i) => [
    ...(i === 0 ? [] : [{ text: i === texts.length - 1 ? ' and ' : ', ', as: 'plain' } as const]),
    { text, as: 'token' } as const,
  ]);
}

/** What is read aloud, or compared in a test. */
export function plain(sentence: Sentence): string {
  return sentence.map(({ text }) => text).join('');
}
