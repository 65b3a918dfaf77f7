package dev.loupe.files;

import java.util.Optional;

/**
 * The types of a metadata value (GGUF specification, {@code gguf_metadata_value_type}), without
 * arrays: an array is a list of one of these.
 */
enum GgufType {
    UINT8(0, 1),
    INT8(1, 1),
    UINT16(2, 2),
    INT16(3, 2),
    UINT32(4, 4),
    INT32(5, 4),
    FLOAT32(6, 4),
    BOOL(7, 1),
    /** A length of eight bytes, then UTF-8. */
    STRING(8, 8),
    UINT64(10, 8),
    INT64(11, 8),
    FLOAT64(12, 8);

    /** The id of an array: the type of its elements, their count, and the elements. */
    static final int ARRAY = 9;

    private final int id;
    private final int leastBytes;

    GgufType(int id, int leastBytes) {
        this.id = id;
        this.leastBytes = leastBytes;
    }

    int id() {
        return id;
    }

    /** How many bytes a value takes at least; all but strings take exactly these. */
    int leastBytes() {
        return leastBytes;
    }

    static Optional<GgufType> ofId(int id) {
        for (GgufType type : values()) {
            if (type.id == id) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
