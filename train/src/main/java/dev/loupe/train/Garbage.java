package dev.loupe.train;

/**
 * Collects what is left over while memory is tight. By itself Java's serial collector looks at
 * large arrays only when it may not grow any more, so that a run would take all the memory there
 * is.
 */
final class Garbage {
    /** So much may lie about. */
    static final long SOME = 48L << 20;

    private long before = used();

    /** To be called between pieces of work that leave large arrays. */
    void collectIfMuch() {
        if (used() - before > SOME) {
            System.gc();
            before = used();
        }
    }

    private static long used() {
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
