/**
 * The program behind {@code loupe explore}: a server for this machine alone that answers what pages
 * ask about a model.
 */
@NullMarked
package dev.loupe.explorer;

import org.jspecify.annotations.NullMarked;
