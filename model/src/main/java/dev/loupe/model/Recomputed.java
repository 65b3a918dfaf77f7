package dev.loupe.model;

import dev.loupe.kernels.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * A result that is cheaper to compute again than to keep: all blocks write theirs over that of the
 * block before, in one room. Whoever needs the numbers in its backward asks for them when it is
 * recorded, and restores them when it runs.
 */
final class Recomputed {
    /**
     * What is in the room at a time.
     *
     * @param make computes it, from what is kept
     */
    private record Result(Tensor room, Runnable make) {}

    private final Memory memory;
    private @Nullable Result present;

    Recomputed(Memory memory) {
        this.memory = memory;
    }

    /** The room, whatever is in it. */
    Tensor room(int rows, int cols, boolean needed) {
        return memory.sharedRoom(rows, cols, needed);
    }

    /** Computes a result into the room. */
    void make(Tensor room, Runnable make) {
        make(new Result(room, make));
    }

    private void make(Result result) {
        result.make.run();
        present = result;
    }

    /** Brings back what is in {@code x} now; nothing to do where {@code x} is kept. */
    Runnable restoring(Tensor x) {
        Result result = present;
        return result == null || !result.room.equals(x) ? () -> {} : () -> restore(result);
    }

    @SuppressWarnings("ReferenceEquality") // another block's result may be equal
    private void restore(Result result) {
        if (present != result) {
            make(result);
        }
    }
}
