/** What of the comparison the address carries: side B, and where both are looked at. */
export interface Selection {
  /** the model of side B; empty: that of side A */
  model: string;
  /** the sentence of side B; empty: that of side A */
  prompt: string;
  /** a token of side A; -1: the last one of both sides */
  token: number;
  /** 0 before the first block, n after n blocks */
  stage: number;
}

const MOST_LETTERS = 65_536;

function place(text: string | null, missing: number): number {
  return text !== null && /^\d{1,4}$/.test(text) ? Number(text) : missing;
}

export function readSelection(selection: string): Selection {
  const from = new URLSearchParams(selection);
  return {
    model: from.get('b') ?? '',
    prompt: (from.get('q') ?? '').slice(0, MOST_LETTERS),
    token: place(from.get('t'), -1),
    stage: place(from.get('s'), 0),
  };
}

export function writeSelection({ model, prompt, token, stage }: Selection): string {
  const to = new URLSearchParams();
  if (model !== '') {
    to.set('b', model);
  }
  if (prompt !== '') {
    to.set('q', prompt);
  }
  if (token >= 0) {
    to.set('t', `${token}`);
  }
  if (stage > 0) {
    to.set('s', `${stage}`);
  }
  return to.toString();
}
