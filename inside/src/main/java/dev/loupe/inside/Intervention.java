package dev.loupe.inside;

/**
 * A change of what passes through a model. {@link Interventions} carries it out; what a later part
 * makes of it is the effect.
 */
public sealed interface Intervention {
    /** Numbers become zero: the part is switched off. */
    record Zero(Place place) implements Intervention {}

    /**
     * Numbers become those of a vector, usually their mean over many tokens: the part says what it
     * always says.
     *
     * @param values one for each column of the hook, of which the place takes its own
     */
    record Fill(Place place, float[] values) implements Intervention {
        public Fill {
            sameWidth(place, values);
        }
    }

    /** Numbers are multiplied by a factor; 1 changes no bit. */
    record Scale(Place place, float factor) implements Intervention {}

    /**
     * Numbers become those of another run.
     *
     * @param source what the hook saw there, {@code [token, ...]}
     * @param shift the position of the source less that of the place
     */
    record Patch(Place place, NamedArray source, int shift) implements Intervention {
        public Patch {
            if (source.values().length != source.shape()[0] * place.width()) {
                throw new IllegalArgumentException(
                        "patch of %s: found %d numbers of %d tokens, expected %d of each"
                                .formatted(
                                        place,
                                        source.values().length,
                                        source.shape()[0],
                                        place.width()));
            }
        }

        /** From the same positions. */
        public Patch(Place place, NamedArray source) {
            this(place, source, 0);
        }
    }

    /**
     * A direction is added (Turner et al. 2023, arXiv:2308.10248).
     *
     * @param direction one number for each column of the hook
     * @param strength what it is multiplied by; 0 changes no bit
     */
    record Steer(Place place, float[] direction, float strength) implements Intervention {
        public Steer {
            sameWidth(place, direction);
        }

        /**
         * The same with a direction that is made as long as is said; one of no length adds nothing.
         *
         * @param length what is added at each position
         */
        public static Steer along(Place place, float[] direction, double length) {
            double own = VectorLengths.of(direction, 0, direction.length);
            return new Steer(place, direction, own == 0 ? 0 : (float) (length / own));
        }
    }

    /**
     * An edge of attention is cut: a query sees a key no more, and the others share its weight.
     *
     * @param layer the block, from 0
     * @param head from 0, or -1 for all
     * @param query the position that looks
     * @param key the position that is looked at
     */
    record Cut(int layer, int head, int query, int key) implements Intervention {
        public Cut {
            if (layer < 0 || head < -1 || query < 0 || key < 0 || key > query) {
                throw new IllegalArgumentException(
                        "edge: found block %d, head %d, query %d, key %d; expected a key that the query can see"
                                .formatted(layer, head, query, key));
            }
            if (query == 0) {
                throw new IllegalArgumentException(
                        "edge: the first token sees itself alone, which must stay");
            }
        }
    }

    private static void sameWidth(Place place, float[] values) {
        if (values.length != place.width()) {
            throw new IllegalArgumentException(
                    "%s: found %d numbers, expected %d"
                            .formatted(place, values.length, place.width()));
        }
    }
}
