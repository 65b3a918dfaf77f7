/**
 * Benchmarks: of the kernels with the machine's limits beside them, and of the whole program beside
 * llama.cpp. The limits are measured with vectors directly; all else uses what Loupe's other
 * modules offer to everyone.
 */
@NullMarked
package dev.loupe.bench;

import org.jspecify.annotations.NullMarked;
