/**
 * Arithmetic on arrays: tensor types, matrix products, attention, norms, and the threads that share
 * the work.
 */
@NullMarked
package dev.loupe.kernels;

import org.jspecify.annotations.NullMarked;
