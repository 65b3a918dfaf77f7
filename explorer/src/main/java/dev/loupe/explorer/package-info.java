/** The server behind the explorer's pages: what the model computes, over HTTP, for one person. */
@NullMarked
package dev.loupe.explorer;

import org.jspecify.annotations.NullMarked;
