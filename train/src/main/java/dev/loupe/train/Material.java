package dev.loupe.train;

import java.util.List;

/** What a model is trained on, step after step, in an order that depends on the place alone. */
public sealed interface Material permits TextWindows, Examples {
    /**
     * The batches of the step that begins at a place of the order, which counts windows or
     * examples; their gradients make one update. A step takes as many as batch times accumulation.
     */
    List<Lesson> step(long place);

    /** How many rows the largest batch can have. */
    int mostRows();
}
