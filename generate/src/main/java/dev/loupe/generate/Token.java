package dev.loupe.generate;

/**
 * A token that was drawn.
 *
 * @param sequence which request it belongs to, from 0
 * @param id the token
 * @param text what it adds to the text: whole characters only, and nothing that may be the start of
 *     a stop string, so it can be empty and can hold what earlier tokens began
 * @param logprob the natural logarithm of the probability it was drawn with
 * @param distribution what it was drawn from
 */
public record Token(int sequence, int id, String text, double logprob, Distribution distribution) {}
