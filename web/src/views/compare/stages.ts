/** The stages of the residual stream: before the first block, and after each. */

/** What the engine calls the stream there. */
export function hookOf(stage: number): string {
  return stage === 0 ? 'blocks.0.hook_resid_pre' : `blocks.${stage - 1}.hook_resid_post`;
}

export function stageName(stage: number): string {
  return stage === 0 ? 'Before the first block' : `After block ${stage - 1}`;
}
