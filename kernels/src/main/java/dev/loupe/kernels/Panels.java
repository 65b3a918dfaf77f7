package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Panels of floats outside the heap, {@code [panel][step][16]}, where every row of sixteen begins
 * at a multiple of 64 bytes. An array's numbers begin 16 bytes behind that, so that each vector of
 * 512 bits lies in two lines of the cache: a product that reads them so is slower by a fifth.
 */
public final class Panels {
    /** Bytes of a row of a panel. */
    static final int ROW = (int) JAVA_FLOAT.byteSize() * PANEL;

    private MemorySegment data = MemorySegment.NULL;
    private int count;
    private int length;

    /** Makes room for some panels; what was in it is lost. */
    void resize(int count, int length) {
        long bytes = Math.multiplyExact((long) ROW * count, length);
        if (data.byteSize() < bytes) {
            // the collector frees it when nobody holds it any more
            data = Arena.ofAuto().allocate(bytes, ROW);
        }
        this.count = count;
        this.length = length;
    }

    /** Where the numbers are, in bytes from {@link #at} on. */
    public MemorySegment data() {
        return data;
    }

    /** How many rows a panel has: the steps of a sum. */
    public int length() {
        return length;
    }

    /** Where a row of a panel begins. */
    public long at(int panel, int step) {
        Objects.checkIndex(panel, count);
        Objects.checkIndex(step, length);
        return (panel * (long) length + step) * ROW;
    }

    /** Copies rows to a panel from {@code step} on. */
    void put(int panel, int step, float[] from, int offset, int rows) {
        Objects.checkFromIndexSize(step, rows, length);
        MemorySegment.copy(from, offset, data, JAVA_FLOAT, at(panel, step), rows * PANEL);
    }

    /** Copies rows of a panel from {@code step} on. */
    void get(int panel, int step, float[] to, int offset, int rows) {
        Objects.checkFromIndexSize(step, rows, length);
        MemorySegment.copy(data, JAVA_FLOAT, at(panel, step), to, offset, rows * PANEL);
    }
}
