package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import org.jspecify.annotations.Nullable;

/**
 * Products of many rows. Panels are made ready once for all threads, and each thread takes some
 * rows through all of them.
 */
final class LargeProducts {
    /** How many numbers are made ready at a time: 8 MB. */
    static final int READY = 1 << 21;

    /** Rows of a tile, which a part has whole ones of. */
    private static final int TILE = Strips.WIDTH;

    private static final ThreadLocal<Panels> ROOM = ThreadLocal.withInitial(Panels::new);

    private static final Room STRIPS = new Room();

    private static final Room DECODED = new Room();

    private LargeProducts() {}

    /** This thread's panels, with what was left there. */
    static Panels panels(int count, int length) {
        Panels room = ROOM.get();
        room.resize(count, length);
        return room;
    }

    /**
     * {@code y = x W^T + b}, as {@link Product#multiply} says.
     *
     * @param from what the weight's first row is in {@code bias}
     */
    static void multiply(
            Processor processor, Tensor x, Weight w, float @Nullable [] bias, int from, Tensor y) {
        int together = together(w.cols(), w.panels());
        for (int first = 0; first < w.panels(); first += together) {
            int panels = Math.min(together, w.panels() - first);
            Panels ready = panels(panels, w.cols() + (bias == null ? 0 : 1));
            decode(processor, w, first, panels, bias, from, ready);
            int row = first * PANEL;
            Tensor out = y.columns(row, Math.min(panels * PANEL, w.rows() - row));
            multiply(processor, ready, false, x, bias != null, out);
        }
    }

    /** An even number of panels, as many as there is room for. */
    static int together(int length, int panels) {
        return Math.min(Math.max(2, READY / (PANEL * length) / 2 * 2), panels);
    }

    /** Behind its last step a panel has the bias, if there is one: a step more of the sum. */
    private static void decode(
            Processor processor,
            Weight w,
            int first,
            int panels,
            float @Nullable [] bias,
            int from,
            Panels ready) {
        processor
                .threads()
                .each(
                        panels,
                        processor.grain(panels, 8),
                        (worker, start, end) -> {
                            for (int p = start; p < end; p++) {
                                float[] panel = floats(processor.kernels(), w, first + p);
                                ready.put(p, 0, panel, 0, w.cols());
                                if (bias != null) {
                                    float[] row = new float[PANEL];
                                    int at = (first + p) * PANEL;
                                    int n = Math.min(PANEL, w.rows() - at);
                                    System.arraycopy(bias, from + at, row, 0, n);
                                    ready.put(p, w.cols(), row, 0, 1);
                                }
                            }
                        });
    }

    /** A panel of a weight in floats: its own, or decoded into this thread's room. */
    static float[] floats(Kernels kernels, Weight w, int panel) {
        if (w instanceof Weight.Floats own) {
            return own.data()[panel];
        }
        float[] decoded = DECODED.of(PANEL * w.cols());
        kernels.decode(w, panel, decoded, 0);
        return decoded;
    }

    /**
     * Rows by panels that are ready, some rows at a time.
     *
     * @param one whether the panels have a step more than {@code x}, to be multiplied by 1
     */
    static void multiply(
            Processor processor, Panels ready, boolean add, Tensor x, boolean one, Tensor y) {
        int threads = processor.threads().count();
        int tiles = (x.rows() + TILE - 1) / TILE;
        int most = processor.kernels().blocking().rows() / TILE;
        int least = Math.max(processor.parts(), (tiles + most - 1) / most);
        // as many for each thread, which differ by a tile at most: so that all end together
        int parts = Math.min((least + threads - 1) / threads * threads, tiles);
        processor
                .threads()
                .each(
                        parts,
                        1,
                        (worker, from, to) -> {
                            for (int part = from; part < to; part++) {
                                int row = Threads.start(tiles, part, parts) * TILE;
                                int end = Threads.start(tiles, part + 1, parts) * TILE;
                                int n = Math.min(end, x.rows()) - row;
                                Tensor in = x.rows(row, n);
                                multiply(processor.kernels(), ready, add, in, one, y.rows(row, n));
                            }
                        });
    }

    private static void multiply(
            Kernels kernels, Panels w, boolean add, Tensor x, boolean one, Tensor y) {
        int steps = kernels.blocking().steps();
        float[] room = STRIPS.of(Strips.size(Math.min(steps, x.cols()) + 1, x.rows()));
        int k = 0;
        do {
            int n = Math.min(steps, x.cols() - k);
            boolean last = k + n == x.cols();
            Strips strips = Strips.ofRows(x.columns(k, n), one && last, room);
            kernels.multiply(w, 0, k, add || k > 0, strips, y);
            k += n;
        } while (k < x.cols());
    }
}
