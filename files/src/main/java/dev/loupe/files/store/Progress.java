package dev.loupe.files.store;

/** Watches a pull. */
@FunctionalInterface
public interface Progress {
    /**
     * Called as bytes arrive, many times a second.
     *
     * @param file the file's name
     * @param done bytes on disk, those of an earlier try included
     * @param total the size of the file, or -1 where the server does not say
     */
    void at(String file, long done, long total);
}
