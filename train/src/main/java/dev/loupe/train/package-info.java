/** Training: text to a file of tokens, and from that to a model. */
@NullMarked
package dev.loupe.train;

import org.jspecify.annotations.NullMarked;
