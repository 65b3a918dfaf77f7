package dev.loupe.model;

import dev.loupe.kernels.Tensor;

/**
 * Looks at what passes through the model, and may change it. A tap that returns the tensor it was
 * given, or an equal one, changes no bit of the result.
 */
public interface Taps {
    /**
     * Called before a batch passes through, so that a tap knows which positions its rows stand at.
     * The caches of its parts are as long as they were before it.
     */
    default void begin(Batch batch) {}

    /** Whether {@link #at} is to be called there. */
    boolean wants(Site site, int layer);

    /**
     * Called when data reaches a site.
     *
     * @param layer the block, from 0; 0 for sites outside of the blocks
     * @param x valid during the call only; copy what is to be kept, never write to it
     * @return what goes on: {@code x}, or another tensor of its shape and with as many generated
     *     rows
     */
    Tensor at(Site site, int layer, Tensor x, Ops ops);

    /** Looks at nothing. */
    Taps NONE =
            new Taps() {
                @Override
                public boolean wants(Site site, int layer) {
                    return false;
                }

                @Override
                public Tensor at(Site site, int layer, Tensor x, Ops ops) {
                    return x;
                }
            };

    /** These taps first, then others, which see what these made. */
    default Taps then(Taps next) {
        Taps first = this;
        return new Taps() {
            @Override
            public void begin(Batch batch) {
                first.begin(batch);
                next.begin(batch);
            }

            @Override
            public boolean wants(Site site, int layer) {
                return first.wants(site, layer) || next.wants(site, layer);
            }

            @Override
            public Tensor at(Site site, int layer, Tensor x, Ops ops) {
                Tensor y = first.wants(site, layer) ? first.at(site, layer, x, ops) : x;
                return next.wants(site, layer) ? next.at(site, layer, y, ops) : y;
            }
        };
    }
}
