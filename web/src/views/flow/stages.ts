/** What happens at each stage, in a sentence or two. */
export interface Stage {
  readonly name: string;
  readonly text: string;
}

export function says(stage: number, layers: number): Stage {
  if (stage <= 0) {
    return {
      name: 'Embedding',
      text: 'Each token has a row of numbers in a table, its vector. The model reads it there: the same token has the same vector, wherever it stands.',
    };
  }
  if (stage <= layers) {
    return {
      name: `Block ${stage - 1}`,
      text: 'Attention brings news from earlier tokens, the MLP works on what is there. Both add what they found to the token\u2019s vector. Open the block to see how (o).',
    };
  }
  if (stage === layers + 1) {
    return {
      name: 'Last norm',
      text: 'The vectors are brought to one length before they are compared with all tokens of the vocabulary.',
    };
  }
  return {
    name: 'Next token',
    text: 'Each vector times the unembedding gives a score to every token. Behind the last token stands what the model would say next: it is what Generate draws from.',
  };
}
