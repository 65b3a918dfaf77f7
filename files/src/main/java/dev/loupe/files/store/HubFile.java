package dev.loupe.files.store;

import org.jspecify.annotations.Nullable;

/**
 * A file of a repository, as the hub lists it.
 *
 * @param path its path in the repository, with {@code /} between folders
 * @param size in bytes
 * @param checksum null where the hub gives none
 */
record HubFile(String path, long size, @Nullable Checksum checksum) {
    /** The name without folders. */
    String name() {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
