/**
 * Text to token ids and back: byte-pair encoding as model files describe it, and decoding that
 * streams.
 */
@NullMarked
package dev.loupe.tokens;

import org.jspecify.annotations.NullMarked;
