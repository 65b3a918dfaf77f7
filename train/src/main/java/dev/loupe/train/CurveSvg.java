package dev.loupe.train;

import dev.loupe.train.LossCurve.Axis;
import dev.loupe.train.LossCurve.Place;

import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Draws a {@link LossCurve} as SVG, with the colours of whoever looks: light or dark. */
final class CurveSvg {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 400;
    private static final int LEFT = 60;
    private static final int RIGHT = 24;
    private static final int TOP = 44;
    private static final int BOTTOM = 52;

    private static final String STYLE =
            """
            <style>
            text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #57606a }
            .paper { fill: #ffffff }
            .grid { stroke: #d8dee4; stroke-width: 1 }
            .train { stroke: #6e9bd1; fill: none; stroke-width: 1.5 }
            .validation { stroke: #bc4c00; fill: none; stroke-width: 2 }
            .dot { fill: #bc4c00 }
            .strong { fill: #1f2328; font-weight: 600 }
            @media (prefers-color-scheme: dark) {
            text { fill: #9198a1 }
            .paper { fill: #0d1117 }
            .grid { stroke: #2a313c }
            .train { stroke: #4f81bd }
            .validation { stroke: #f0883e }
            .dot { fill: #f0883e }
            .strong { fill: #e6edf3 }
            }
            </style>
            """;

    private final Axis steps;
    private final Axis losses;
    private final Formatter svg = new Formatter(Locale.ROOT);

    private CurveSvg(LossCurve curve) {
        steps = curve.steps();
        losses = curve.losses();
    }

    static String of(LossCurve curve) {
        CurveSvg drawing = new CurveSvg(curve);
        drawing.draw(curve);
        return drawing.svg.toString();
    }

    private void draw(LossCurve curve) {
        svg.format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\""
                        + " aria-label=\"%s\">%n",
                WIDTH, HEIGHT, said(curve));
        svg.format("%s", STYLE);
        svg.format("<rect class=\"paper\" width=\"%d\" height=\"%d\"/>%n", WIDTH, HEIGHT);
        axes();
        line("train", curve.train());
        line("validation", curve.validation());
        for (Place place : curve.validation()) {
            svg.format(
                    "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>%n",
                    x(place), y(place));
        }
        legend(curve);
        svg.format("</svg>%n");
    }

    /** For those who cannot see it. */
    private static String said(LossCurve curve) {
        List<Place> train = curve.train();
        String text =
                train.isEmpty()
                        ? "no training loss"
                        : String.format(
                                Locale.ROOT,
                                "training loss from %.3f to %.3f",
                                train.getFirst().loss(),
                                train.getLast().loss());
        return curve.validation().isEmpty()
                ? text
                : text
                        + String.format(
                                Locale.ROOT,
                                ", validation loss at last %.3f",
                                curve.validation().getLast().loss());
    }

    private void axes() {
        for (double label : losses.labels()) {
            double y = y(label);
            svg.format(
                    "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>%n",
                    LEFT, WIDTH - RIGHT, y, y);
            svg.format(
                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n",
                    LEFT - 8, y + 4.5, losses.text(label));
        }
        for (double label : steps.labels()) {
            svg.format(
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
                    x(label), HEIGHT - BOTTOM + 20, steps.text(label));
        }
        svg.format(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">step</text>%n",
                WIDTH - RIGHT, HEIGHT - BOTTOM + 40);
        svg.format("<text class=\"strong\" x=\"%d\" y=\"24\">Loss (nats a token)</text>%n", LEFT);
    }

    private void legend(LossCurve curve) {
        int x = WIDTH - RIGHT;
        if (!curve.validation().isEmpty()) {
            x = entry("validation", curve.validation().getLast(), x);
        }
        if (!curve.train().isEmpty()) {
            entry("train", curve.train().getLast(), x);
        }
    }

    /** An entry that ends at {@code x}; gives where the one before it ends. */
    private int entry(String name, Place last, int x) {
        int wide = 8 * (name.length() + 6);
        svg.format(
                "<line class=\"%s\" x1=\"%d\" x2=\"%d\" y1=\"20\" y2=\"20\"/>%n",
                name, x - wide - 28, x - wide - 6);
        svg.format("<text x=\"%d\" y=\"24\">%s %.3f</text>%n", x - wide, name, last.loss());
        return x - wide - 48;
    }

    private void line(String name, List<Place> places) {
        String points =
                places.stream()
                        .map(p -> String.format(Locale.ROOT, "%.1f,%.1f", x(p), y(p)))
                        .collect(Collectors.joining(" "));
        svg.format("<polyline class=\"%s\" points=\"%s\"/>%n", name, points);
    }

    private double x(Place place) {
        return x(place.step());
    }

    private double x(double step) {
        return LEFT + steps.part(step) * (WIDTH - LEFT - RIGHT);
    }

    private double y(Place place) {
        return y(place.loss());
    }

    private double y(double loss) {
        return HEIGHT - BOTTOM - losses.part(loss) * (HEIGHT - TOP - BOTTOM);
    }
}
