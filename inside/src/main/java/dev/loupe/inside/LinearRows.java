package dev.loupe.inside;

import dev.loupe.model.Linear;
import dev.loupe.model.Lora;

/** The numbers of a linear map, adapters included. */
final class LinearRows {
    private LinearRows() {}

    /** What an output takes from each input: a row of {@code W + scale * B A}. */
    static float[] row(Linear linear, int output) {
        float[] row = new float[linear.weight().cols()];
        linear.weight().row(output, row, 0);
        for (Lora lora : linear.adapters()) {
            int own = output - lora.first();
            if (own >= 0 && own < lora.b().rows()) {
                add(lora, own, row);
            }
        }
        return row;
    }

    private static void add(Lora lora, int output, float[] row) {
        float[] b = new float[lora.b().cols()];
        lora.b().row(output, b, 0);
        float[] a = new float[row.length];
        for (int rank = 0; rank < b.length; rank++) {
            lora.a().row(rank, a, 0);
            for (int i = 0; i < row.length; i++) {
                row[i] += lora.scale() * b[rank] * a[i];
            }
        }
    }

    /** All rows, {@code [output][input]}. */
    static float[][] all(Linear linear) {
        float[][] rows = new float[linear.weight().rows()][];
        for (int output = 0; output < rows.length; output++) {
            rows[output] = row(linear, output);
        }
        return rows;
    }
}
