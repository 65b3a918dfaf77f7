/** What the person has made of the view beside the text. */
import { session } from '../../lib/session.svelte';
import type { Seen } from './step';

export function seen(prompt: string): Seen {
  const { address, drawn, ids, sentence, texts, token } = session;
  return {
    otherPrompt: sentence.trim() !== prompt.trim(),
    ids,
    texts,
    drawn: drawn.map(({ text, thrown }) => ({ text, thrown: thrown !== null })),
    sampling: address.sampling,
    selection: address.selection,
    token,
  };
}
