/** The kernels with the Vector API; the only package that knows of {@code jdk.incubator.vector}. */
@NullMarked
package dev.loupe.kernels.vector;

import org.jspecify.annotations.NullMarked;
