/** The command line. */
@NullMarked
package dev.loupe.app;

import org.jspecify.annotations.NullMarked;
