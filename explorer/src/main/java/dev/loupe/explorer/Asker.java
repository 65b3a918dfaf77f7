package dev.loupe.explorer;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.kernels.Tensor;
import dev.loupe.model.Ops;
import dev.loupe.model.Site;
import dev.loupe.model.Taps;

/** Whoever waits for an answer, and may leave. Each tap asks whether anybody is still there. */
abstract class Asker implements Taps {
    private volatile boolean gone;

    /** Called by any thread. */
    final void leave() {
        gone = true;
    }

    final boolean gone() {
        return gone;
    }

    /**
     * To be called often by what takes long.
     *
     * @throws Gone if nobody waits any more
     */
    final void check() {
        if (gone) {
            throw new Gone();
        }
    }

    /** Tells how far it is, from 0 to 1. */
    final void progress(double done, String note) {
        check();
        ObjectNode line = Shapes.object();
        line.put("progress", done).put("note", note);
        line(line);
    }

    /** Sends a line before the answer. */
    abstract void line(ObjectNode line);

    @Override
    public final boolean wants(Site site, int layer) {
        check();
        return false;
    }

    @Override
    public final Tensor at(Site site, int layer, Tensor x, Ops ops) {
        return x;
    }
}
