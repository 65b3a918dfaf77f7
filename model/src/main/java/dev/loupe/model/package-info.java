/**
 * The transformer: its configuration, one forward pass written against {@link dev.loupe.model.Ops},
 * and the cache of keys and values.
 */
@NullMarked
package dev.loupe.model;

import org.jspecify.annotations.NullMarked;
