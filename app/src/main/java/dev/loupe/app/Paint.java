package dev.loupe.app;

import java.io.Console;
import java.util.Locale;
import java.util.Optional;

/** Colours on a terminal, or none. One meaning each: for, against, and how sure. */
final class Paint {
    /** When there are colours. */
    enum When {
        AUTO,
        ALWAYS,
        NEVER
    }

    private final boolean on;

    private Paint(boolean on) {
        this.on = on;
    }

    static Paint of(When when) {
        return new Paint(
                switch (when) {
                    case ALWAYS -> true;
                    case NEVER -> false;
                    case AUTO ->
                            System.getenv("NO_COLOR") == null
                                    && Optional.ofNullable(System.console())
                                            .filter(Console::isTerminal)
                                            .isPresent();
                });
    }

    String bold(String text) {
        return wrap("1", text);
    }

    String faint(String text) {
        return wrap("2", text);
    }

    /** Blue for what speaks for something, red for what speaks against it. */
    String signed(double value, String text) {
        return wrap(value < 0 ? "38;5;167" : "38;5;74", text);
    }

    /** A text on a ground that is the darker the surer it is, 0 to 1. */
    String sure(double probability, String text) {
        int[] grounds = {254, 153, 117, 74, 32, 25};
        int step = (int) Math.min(grounds.length - 1, probability * grounds.length);
        int ink = step < 4 ? 16 : 231;
        return wrap("48;5;" + grounds[step] + ";38;5;" + ink, text);
    }

    /** A token as a chip; neighbours differ. */
    String chip(int index, String text) {
        int[] grounds = {189, 194, 223, 225, 195};
        return wrap("48;5;" + grounds[index % grounds.length] + ";38;5;16", text);
    }

    private String wrap(String code, String text) {
        return on ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }

    /** A bar of at most {@code width} characters. */
    static String bar(double share, int width) {
        int eighths = (int) Math.round(Math.clamp(share, 0, 1) * width * 8);
        String full = "█".repeat(eighths / 8);
        String rest = eighths % 8 == 0 ? "" : String.valueOf("▏▎▍▌▋▊▉".charAt(eighths % 8 - 1));
        return full + rest + " ".repeat(width - full.length() - rest.length());
    }

    static String percent(double probability) {
        return String.format(Locale.ROOT, "%6.2f %%", 100 * probability);
    }
}
