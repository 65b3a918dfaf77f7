package dev.loupe.train;

import dev.loupe.train.LossCurve.Axis;
import dev.loupe.train.LossCurve.Place;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Draws a {@link LossCurve} in characters: the training loss as dots of Braille, of which a
 * character has two by four, and each validation as an {@code o}.
 */
final class CurveText {
    private static final int BLANK = 0x2800;

    /** The bits of a character's dots, {@code [row][column]}. */
    private static final int[][] DOTS = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

    private final Axis steps;
    private final Axis losses;
    private final char[][] cells;

    private CurveText(LossCurve curve, int columns, int rows) {
        steps = curve.steps();
        losses = curve.losses();
        cells = new char[rows][columns];
        for (char[] row : cells) {
            Arrays.fill(row, (char) BLANK);
        }
    }

    static String of(LossCurve curve, int columns, int rows) {
        int margin = 8;
        CurveText drawing = new CurveText(curve, columns - margin, rows);
        drawing.line(curve.train());
        curve.validation().forEach(drawing::mark);
        return drawing.text(curve, margin);
    }

    /** From place to place, a dot in each column at least. */
    private void line(List<Place> places) {
        for (int i = 0; i < places.size(); i++) {
            Place from = places.get(Math.max(0, i - 1));
            Place to = places.get(i);
            int dots = Math.max(1, Math.abs(x(to) - x(from)) + Math.abs(y(to) - y(from)));
            for (int d = 0; d <= dots; d++) {
                double part = (double) d / dots;
                dot(
                        (int) Math.round(x(from) + part * (x(to) - x(from))),
                        (int) Math.round(y(from) + part * (y(to) - y(from))));
            }
        }
    }

    private void dot(int x, int y) {
        cells[y / 4][x / 2] |= (char) DOTS[y % 4][x % 2];
    }

    private void mark(Place place) {
        cells[y(place) / 4][x(place) / 2] = 'o';
    }

    private int x(Place place) {
        return (int) Math.round(steps.part(place.step()) * (2 * cells[0].length - 1));
    }

    private int y(Place place) {
        return (int) Math.round((1 - losses.part(place.loss())) * (4 * cells.length - 1));
    }

    private String text(LossCurve curve, int margin) {
        String[] labels = new String[cells.length];
        for (double label : losses.labels()) {
            int row = y(new Place(0, label)) / 4;
            labels[row] = losses.text(label);
        }
        StringBuilder text = new StringBuilder();
        for (int row = 0; row < cells.length; row++) {
            String label = labels[row] == null ? "" : labels[row];
            String line =
                    ("%" + (margin - 2) + "s %s%s")
                            .formatted(
                                    label,
                                    label.isEmpty() ? "│" : "┤",
                                    new String(cells[row]).replace((char) BLANK, ' '));
            text.append(line.stripTrailing()).append('\n');
        }
        String last = String.format(Locale.ROOT, "%,.0f", steps.high());
        text.append(" ".repeat(margin - 1))
                .append('└')
                .append("─".repeat(cells[0].length))
                .append('\n')
                .append(" ".repeat(margin))
                .append(("0%" + (cells[0].length - 1) + "s").formatted("step " + last))
                .append('\n')
                .append(" ".repeat(margin))
                .append(legend(curve))
                .append('\n');
        return text.toString();
    }

    private static String legend(LossCurve curve) {
        String train =
                curve.train().isEmpty()
                        ? ""
                        : String.format(
                                Locale.ROOT,
                                "⠒ training loss, at last %.3f",
                                curve.train().getLast().loss());
        return curve.validation().isEmpty()
                ? train
                : train
                        + String.format(
                                Locale.ROOT,
                                "   o validation loss, at last %.3f",
                                curve.validation().getLast().loss());
    }
}
