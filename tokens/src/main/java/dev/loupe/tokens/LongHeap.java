package dev.loupe.tokens;

import java.util.Arrays;

/** Gives out the smallest of the numbers that were put in. */
final class LongHeap {
    private long[] heap = new long[64];
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    int capacity() {
        return heap.length;
    }

    void push(long value) {
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, size * 2);
        }
        int i = size++;
        while (i > 0 && heap[(i - 1) >>> 1] > value) {
            heap[i] = heap[(i - 1) >>> 1];
            i = (i - 1) >>> 1;
        }
        heap[i] = value;
    }

    long pop() {
        long least = heap[0];
        long moved = heap[--size];
        int i = 0;
        for (int child = 1; child < size; child = 2 * i + 1) {
            if (child + 1 < size && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= moved) {
                break;
            }
            heap[i] = heap[child];
            i = child;
        }
        heap[i] = moved;
        return least;
    }
}
