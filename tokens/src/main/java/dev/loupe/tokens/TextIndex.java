package dev.loupe.tokens;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/** Finds texts by their bytes: a table with open addressing, half of which stays empty. */
final class TextIndex {
    private static final int EMPTY = -1;

    private final Texts texts;
    private final int[] slots;

    /** Another in each process, so that no file can have texts that all fall into one place. */
    private final long factor = ThreadLocalRandom.current().nextLong() | 1;

    TextIndex(Texts texts) {
        this.texts = texts;
        slots = new int[Integer.highestOneBit(Math.max(4, texts.size())) * 4];
        Arrays.fill(slots, EMPTY);
    }

    /** Adds a text that is not in it yet. Returns the number of an equal one, or -1. */
    int add(int number) {
        byte[] bytes = texts.bytes();
        int start = texts.start(number);
        int end = texts.end(number);
        int slot = slot(bytes, start, end, end, end);
        if (slots[slot] == EMPTY) {
            slots[slot] = number;
            return -1;
        }
        return slots[slot];
    }

    /** The number of the text whose bytes are {@code of[from, to)}, or -1. */
    int find(byte[] of, int from, int to) {
        return slots[slot(of, from, to, to, to)];
    }

    /** The number of the text that two parts make together, or -1. */
    int find(byte[] of, int from, int to, int from2, int to2) {
        return slots[slot(of, from, to, from2, to2)];
    }

    /** Where a text of two parts stands, or the empty slot where it would. */
    private int slot(byte[] of, int from, int to, int from2, int to2) {
        long hash = factor;
        for (int i = from; i < to; i++) {
            hash = (hash ^ of[i]) * factor;
        }
        for (int i = from2; i < to2; i++) {
            hash = (hash ^ of[i]) * factor;
        }
        int mask = slots.length - 1;
        int slot = (int) (hash >>> 32) & mask;
        while (slots[slot] != EMPTY && !equal(slots[slot], of, from, to, from2, to2)) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private boolean equal(int number, byte[] of, int from, int to, int from2, int to2) {
        int start = texts.start(number);
        int middle = start + to - from;
        if (texts.end(number) - middle != to2 - from2) {
            return false;
        }
        byte[] own = texts.bytes();
        return Arrays.equals(own, start, middle, of, from, to)
                && Arrays.equals(own, middle, texts.end(number), of, from2, to2);
    }
}
