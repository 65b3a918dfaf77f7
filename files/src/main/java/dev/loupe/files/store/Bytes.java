package dev.loupe.files.store;

import java.util.Locale;

/** Sizes as a person reads them, in powers of a thousand. */
public final class Bytes {
    private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

    private Bytes() {}

    /** A size in three digits or so: {@code 548 MB}, {@code 3.25 GB}. */
    public static String text(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 999.5 && unit < UNITS.length - 1) {
            value /= 1000;
            unit++;
        }
        int decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
        return String.format(Locale.ROOT, "%." + decimals + "f %s", value, UNITS[unit]);
    }
}
