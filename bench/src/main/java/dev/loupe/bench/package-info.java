/** Benchmarks of the kernels, with the machine's limits beside them. */
@NullMarked
package dev.loupe.bench;

import org.jspecify.annotations.NullMarked;
