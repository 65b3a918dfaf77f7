package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import org.jspecify.annotations.Nullable;

import java.util.function.Consumer;

/**
 * Products of many rows. Panels are made ready once for all threads, and each thread takes some
 * rows through all of them.
 */
final class LargeProducts {
    /** How many numbers are made ready at a time: 8 MB. */
    private static final int READY = 1 << 21;

    /** Rows of a tile, which a part has whole ones of. */
    private static final int TILE = 12;

    /** How many parts there should be for each thread, for one may be held up. */
    private static final int PARTS = 4;

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
            Panels ready = panels(panels, w.cols());
            decode(processor, w, first, panels, ready);
            int row = first * PANEL;
            Tensor out = y.columns(row, Math.min(panels * PANEL, w.rows() - row));
            multiply(
                    processor,
                    ready,
                    false,
                    x,
                    out,
                    rows -> Product.addBias(processor.kernels(), rows, bias, from + row));
        }
    }

    /** An even number of panels, as many as there is room for. */
    static int together(int length, int panels) {
        return Math.min(Math.max(2, READY / (PANEL * length) / 2 * 2), panels);
    }

    private static void decode(Processor processor, Weight w, int first, int panels, Panels ready) {
        processor
                .threads()
                .each(
                        panels,
                        processor.grain(panels, 8),
                        (worker, from, to) -> {
                            for (int p = from; p < to; p++) {
                                float[] panel = floats(processor.kernels(), w, first + p);
                                ready.put(p, 0, panel, 0, w.cols());
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
     * @param done told of rows of {@code y} as soon as they are there
     */
    static void multiply(
            Processor processor,
            Panels ready,
            boolean add,
            Tensor x,
            Tensor y,
            Consumer<Tensor> done) {
        inParts(
                processor,
                x.rows(),
                (row, rows) -> {
                    Tensor out = y.rows(row, rows);
                    multiply(processor.kernels(), ready, add, x.rows(row, rows), out);
                    done.accept(out);
                });
    }

    private static void multiply(Kernels kernels, Panels w, boolean add, Tensor x, Tensor y) {
        int steps = kernels.blocking().steps();
        float[] room = STRIPS.of(Strips.size(Math.min(steps, x.cols()), x.rows()));
        for (int k = 0; k < x.cols(); k += steps) {
            Strips strips = Strips.ofRows(x.columns(k, Math.min(steps, x.cols() - k)), room);
            kernels.multiply(w, 0, k, add || k > 0, strips, y);
        }
    }

    /** Some neighbouring rows, or columns. */
    @FunctionalInterface
    interface Some {
        void run(int from, int n);
    }

    /**
     * Rows, or columns, in parts of some tiles. The number of parts is a multiple of that of the
     * threads, and they differ by a tile at most, so that all threads end together.
     */
    static void inParts(Processor processor, int n, Some work) {
        int threads = processor.threads().count();
        int tiles = (n + TILE - 1) / TILE;
        int most = processor.kernels().blocking().rows() / TILE;
        int least = Math.max(PARTS * threads, (tiles + most - 1) / most);
        int parts = Math.min((least + threads - 1) / threads * threads, tiles);
        processor
                .threads()
                .each(
                        parts,
                        1,
                        (worker, from, to) -> {
                            for (int part = from; part < to; part++) {
                                int row = (int) ((long) tiles * part / parts) * TILE;
                                int end = (int) ((long) tiles * (part + 1) / parts) * TILE;
                                work.run(row, Math.min(end, n) - row);
                            }
                        });
    }
}
