/**
 * One token after another: the distribution of the next one, drawing from it, when to stop, and
 * batches of sequences.
 */
@NullMarked
package dev.loupe.generate;

import org.jspecify.annotations.NullMarked;
