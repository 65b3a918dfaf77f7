package dev.loupe.explorer;

import dev.loupe.kernels.Tensor;
import dev.loupe.model.Ops;
import dev.loupe.model.Site;
import dev.loupe.model.Taps;

/** Whoever waits for an answer, and may leave. As taps it ends a run that nobody waits for. */
abstract class Asker implements Taps {
    private volatile boolean gone;

    /** Nobody waits any more. Any thread may say so. */
    final void leave() {
        gone = true;
    }

    final boolean gone() {
        return gone;
    }

    /** Ends the work for somebody who is gone; what takes long calls it often. */
    final void check() {
        if (gone) {
            throw new ApiException(499, "nobody waits for this any more");
        }
    }

    /**
     * Tells how far the work is.
     *
     * @param share that is done, from 0 to 1
     * @param note what is being done, in words
     */
    abstract void progress(double share, String note);

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
