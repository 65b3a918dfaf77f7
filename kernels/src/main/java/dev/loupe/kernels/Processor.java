package dev.loupe.kernels;

/**
 * What computes: the kernels of this machine, and the threads that share them.
 *
 * @param kernels the inner loops
 * @param threads the workers; closed with this
 */
public record Processor(Kernels kernels, Threads threads) implements AutoCloseable {
    /** The best kernels of this machine on so many threads. */
    public static Processor of(int threads) {
        return new Processor(Kernels.best(), new Threads(threads));
    }

    /** How many parts work should have, for one thread may be held up. */
    int parts() {
        return 4 * threads.count();
    }

    /**
     * Part size for {@code items} equal pieces of work: some parts a thread, so that all end
     * together.
     */
    int grain(int items, int most) {
        return Math.clamp(items / parts(), 1, most);
    }

    @Override
    public void close() {
        threads.close();
    }
}
