package dev.loupe.explorer;

import java.io.IOException;

/** Answers questions of one kind. */
@FunctionalInterface
interface Call {
    Answer answer(Question question) throws IOException;
}
