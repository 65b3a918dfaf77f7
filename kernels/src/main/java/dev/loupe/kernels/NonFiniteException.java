package dev.loupe.kernels;

/** A stored number is NaN or infinite: the checkpoint is damaged, or its training diverged. */
public final class NonFiniteException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private NonFiniteException(String message) {
        super(message);
    }

    static void check(float[] numbers, int n, String name, int row) {
        for (int i = 0; i < n; i++) {
            if (!Float.isFinite(numbers[i])) {
                throw new NonFiniteException(
                        "tensor %s: row %d holds %s, expected finite numbers"
                                .formatted(name, row, numbers[i]));
            }
        }
    }
}
